"""The command line: `tributary`."""

import os
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from tributary.bench.causes_command import bench_causes
from tributary.bench.command import bench
from tributary.bench.drivers import bench_drivers
from tributary.bench.pages import bench_dashboard
from tributary.bench.readers import bench_readers
from tributary.dashboard.command import dashboard
from tributary.postgres.command import postgres
from tributary.publish.command import exit_code_of, print_ending, rollback, status
from tributary.publish.lock import WarehouseBusyError, WarehouseUnwritableError
from tributary.publish.reports import Ending
from tributary.publish.run import (
    Run,
    begun,
    build_and_publish,
    build_marts,
    report_refusal,
    was_interrupted,
)
from tributary.quarantine import EVENT_TABLES, QuarantineError, export_rows, reasons_held
from tributary.schedule.command import schedule
from tributary.settings import (
    EVENTS,
    TARGETS,
    Settings,
    SettingsError,
    alert_webhook,
    resolve,
    warehouse_at,
)
from tributary.simulate.command import simulate
from tributary.summary import print_counts, print_problems, print_summary
from tributary.whatif.command import whatif
from tributary.why.command import why
from tributary.words import WaitOption, WarehouseOption, refuse, stop, yield_to_another

app = typer.Typer(
    name="tributary",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    help=(
        "From an ad platform's raw event logs to a metrics mart in which every revenue identity "
        "holds and every number is reconciled to the billing ledger; built, audited and only then "
        "published.\n\n"
        "Exit codes: 0 done; 1 a model or a test failed; 2 the input, the command or the warehouse "
        "was refused; 3 the marts could not be copied out of the build; 4 the audit found them "
        "wrong, or could not be held; 5 they could not be published; 6 another run is at work; "
        "130 it was told to stop. "
        "Whatever but 0 leaves what is published as it was."
    ),
)

EventsOption = Annotated[
    str | None,
    typer.Option(
        "--events",
        help="Folder or bucket with the raw tables; a bucket needs DuckDB's httpfs extension "
        "[env: TRIBUTARY_EVENTS; default: the seeds].",
    ),
]
SourceOption = Annotated[
    str | None,
    typer.Option(
        "--source",
        help="Log format: events, ipinyou or kddcup2012 [env: TRIBUTARY_SOURCE; default: events].",
    ),
]


@app.command()
def run(
    events: EventsOption = None,
    source: SourceOption = None,
    warehouse: WarehouseOption = None,
    select: Annotated[
        str | None, typer.Option("--select", help="Build only what this dbt selector names.")
    ] = None,
    first_day: Annotated[
        datetime | None,
        typer.Option(
            "--from", formats=["%Y-%m-%d"], help="Build this landed day again, and up to --to."
        ),
    ] = None,
    last_day: Annotated[
        datetime | None,
        typer.Option("--to", formats=["%Y-%m-%d"], help="Last day of it; default: --from."),
    ] = None,
    target: Annotated[
        str,
        typer.Option(
            "--target", help="Engine: duckdb, or spark, here or on a cluster (extra `spark`)."
        ),
    ] = TARGETS[0],
    full_refresh: Annotated[
        bool, typer.Option("--full-refresh", help="Build every day again, from nothing.")
    ] = False,
    allow_lost_days: Annotated[
        bool,
        typer.Option("--allow-lost-days", help="Publish although published days are gone."),
    ] = False,
    wait: WaitOption = 0,
    verbose: Annotated[bool, typer.Option("--verbose", help="Show dbt's own log.")] = False,
) -> None:
    """Build the marts from the raw events, test and audit them, and publish what passed.

    Readers open `marts.duckdb`, or `marts/<table>/*.parquet`, in the warehouse: they see the last
    publication, whole, until the next takes its place in one step. What fails is not published,
    and `runs/<run>/report.md` says why. With --select, and on Spark, nothing is published.

    Input that cannot be read is refused before anything is built, with the file, the column and the
    remedy. Rows that break a rule go to the quarantine and never stop the good ones.

    Of events in folders by day only the days with new, changed or withdrawn files are built, within
    the lookback; --from and --to take in what came later, or build any range again.
    """
    console = Console()
    try:
        settings = resolve(events, source, warehouse, (first_day, last_day), target)
    except SettingsError as error:
        _refuse_run(console, str(error), events, warehouse)
    # Of the tests those that need nothing else to be there.
    arguments = ["--select", select, "--indirect-selection", "buildable"] if select else []
    if full_refresh:
        arguments.append("--full-refresh")
    at_work: Run | None = None
    try:
        with begun(settings, console, wait) as at_work:
            at_work.may_lose_days = allow_lost_days
            if select or settings.target == "spark":
                build_marts(at_work, arguments, verbose)
                at_work.report.ending = Ending.built
            else:
                build_and_publish(at_work, arguments, verbose)
    except WarehouseBusyError as busy:
        yield_to_another(console, str(busy))
    except WarehouseUnwritableError as unwritable:
        refuse(console, str(unwritable))
    except KeyboardInterrupt:
        if at_work is None:
            stop(console, "It had not begun.")
        if was_interrupted(at_work.report):
            print_ending(console, settings, at_work.report, at_work.in_words)
            raise typer.Exit(exit_code_of(at_work.report)) from None
    _print_run(console, at_work, is_whole=not select)
    raise typer.Exit(exit_code_of(at_work.report))


def _refuse_run(
    console: Console, message: str, events: str | None, warehouse: Path | None
) -> NoReturn:
    """Say why a run cannot begin: here, in a report, and to the webhook if one can be used."""
    webhook = in_words = None
    with suppress(SettingsError):
        webhook = alert_webhook()
    with suppress(SettingsError):
        place, given = warehouse_at(warehouse), events or os.environ.get(EVENTS, "")
        in_words = report_refusal(console, place, webhook, message, events=given)
    refuse(console, f"{message} Report: {in_words}" if in_words else message)


def _print_run(console: Console, ended: Run, is_whole: bool) -> None:
    """What was found, what the marts say, and what became of them."""
    settings, build = ended.settings, ended.build
    if build is None and ended.report.ending is Ending.refused:
        where = f" Report: {ended.in_words}" if ended.in_words else ""
        refuse(console, ended.report.summary + where)
    if build and (build.error or build.problems):
        print_problems(console, settings, build)
    elif build and settings.target == "spark":
        print_counts(console, build, "The marts are tables of the Spark database [bold]marts[/].")
    elif build and is_whole:
        print_summary(console, settings, build, ended.audit)
    elif build:
        print_counts(console, build, f"Built into {settings.built_into}; nothing is published.")
    print_ending(console, settings, ended.report, ended.in_words)


@app.command()
def quarantine(
    out: Annotated[Path, typer.Argument(help="Folder for the files, one CSV a table.")],
    table: Annotated[
        list[str] | None,
        typer.Option("--table", help=f"Only this table: {', '.join(EVENT_TABLES)}. Repeatable."),
    ] = None,
    reason: Annotated[
        str | None, typer.Option("--reason", help="Only rows that broke this rule.")
    ] = None,
    warehouse: WarehouseOption = None,
) -> None:
    """Write the rejected rows of the last build as CSV, as they came, to be mended.

    Put the mended rows into the raw table in place of the bad ones (or beside them, where their key
    was the trouble) and run again: a row that is right leaves the quarantine by itself.
    """
    console = Console()
    settings = _settings(console, warehouse)
    unknown = set(table or []) - set(EVENT_TABLES)
    if unknown:
        refuse(console, f"No event table {', '.join(sorted(unknown))}: {', '.join(EVENT_TABLES)}.")
    try:
        exports = export_rows(settings, out, tuple(table or EVENT_TABLES), reason)
    except QuarantineError as error:
        refuse(console, str(error))
    if not exports:
        held = reasons_held(settings)
        if reason and reason not in held:
            broken = ", ".join(held) or "none"
            refuse(console, f"No open row broke the rule {reason}. These were broken: {broken}.")
        console.print("The quarantine holds no such row.")
        return
    listing = Table("table", "rows", "file")
    for export in exports:
        listing.add_row(export.table, f"{export.rows:,}", str(export.path))
    console.print(listing)


for command in (
    *(why, whatif, dashboard, postgres, status, rollback, schedule, simulate),
    *(bench, bench_readers, bench_drivers, bench_causes, bench_dashboard),
):
    app.command()(command)


def _settings(console: Console, warehouse: Path | None) -> Settings:
    try:
        return resolve(warehouse=warehouse)
    except SettingsError as error:
        refuse(console, str(error))
