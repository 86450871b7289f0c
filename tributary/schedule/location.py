"""What Dagster is given: one operation that does all of a run, a job, and its schedule."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, timedelta

import dagster as dg

from tributary.schedule.graph import read_graph
from tributary.schedule.options import Options
from tributary.schedule.run import Told, write_audit_publish
from tributary.settings import Settings

JOB = "daily"
SCHEDULE = "daily_schedule"
RETRIES = 4


def define(settings: Settings, options: Options) -> dg.Definitions:
    """The definitions of a project under the settings given.

    Raises:
        SettingsError: dbt cannot read the project.
        AuditError: audit.yml cannot be used.
    """
    graph = read_graph(settings)
    partitions = (
        dg.DailyPartitionsDefinition(options.first_day.isoformat()) if options.first_day else None
    )

    pauses = dg.RetryPolicy(
        max_retries=RETRIES,
        delay=options.retry_after_s,
        backoff=dg.Backoff.EXPONENTIAL,
        jitter=dg.Jitter.PLUS_MINUS,
    )

    @dg.multi_asset(
        name="write_audit_publish",
        description="All of a run, while it holds the warehouse: build, test, export, audit, "
        "publish.",
        specs=graph.assets,
        check_specs=graph.checks,
        # Dagster backfills no assets that it cannot tell apart; a part is refused by the run.
        can_subset=True,
        partitions_def=partitions,
        backfill_policy=dg.BackfillPolicy.single_run() if partitions else None,
    )
    def everything(context: dg.AssetExecutionContext) -> Iterator[Told]:
        left_out = {asset.key for asset in graph.assets} - context.selected_asset_keys
        if left_out:
            raise dg.Failure(
                f"{len(left_out)} assets were left out. What is published is made of all of them: "
                "select every asset, or the job. A part is built by tributary run --select.",
                allow_retries=False,
            )
        asked = replace(settings, backfill=_days(context))
        try:
            for told in write_audit_publish(asked, graph, options.wait_s, context.log.info):
                if _is_asked_for(told, context):
                    yield told
        except dg.Failure as failed:
            if not failed.allow_retries:
                raise
            # Not as a policy of the operation: that tries a run again which somebody cancelled.
            pause = pauses.calculate_delay(context.retry_number + 1)
            raise dg.RetryRequested(RETRIES, pause) from failed

    job = dg.define_asset_job(
        JOB,
        selection=dg.AssetSelection.assets(everything),
        description="Take in what is new, test it, audit it and publish what passed.",
    )

    @dg.schedule(
        name=SCHEDULE,
        job=job,
        cron_schedule=options.cron,
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Once a day, for the newest day that is over.",
    )
    def every_day(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        if options.first_day is None:
            return dg.RunRequest()
        newest = context.scheduled_execution_time.astimezone(UTC).date() - timedelta(days=1)
        if newest < options.first_day:
            return dg.SkipReason(f"No day since {options.first_day} is over yet.")
        return dg.RunRequest(partition_key=newest.isoformat())

    return dg.Definitions(
        assets=[everything],
        jobs=[job],
        schedules=[every_day],
        # The one operation needs no process of its own beside the run's.
        executor=dg.in_process_executor,
    )


def _is_asked_for(told: Told, context: dg.AssetExecutionContext) -> bool:
    """A run may be started without some of its checks; they are held all the same."""
    if isinstance(told, dg.MaterializeResult):
        return True
    checks = {(key.asset_key, key.name) for key in context.selected_asset_check_keys}
    return (told.asset_key, told.check_name) in checks


def _days(context: dg.AssetExecutionContext) -> tuple[date, date] | None:
    """The landed days that a run was asked for."""
    if not context.has_partition_key and not context.has_partition_key_range:
        return None
    asked = context.partition_key_range
    return date.fromisoformat(asked.start), date.fromisoformat(asked.end)
