"""What Dagster is given is the project: each model, test and rule, its days, its schedule."""

import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import typer
from landed import land, platform_of
from one_path import at_one_path

from tributary.audit.rulebook import Rules, read_rulebook
from tributary.publish.reports import Ending, Finding, RunReport, Stage
from tributary.schedule import command, location
from tributary.schedule.graph import (
    CANDIDATE,
    FAIL_AFTER,
    PUBLICATION,
    WARN_AFTER,
    Graph,
    read_graph,
)
from tributary.schedule.options import Options, read_options
from tributary.schedule.run import Told, may_pass_later
from tributary.settings import Settings, SettingsError, resolve

DAY = date(2026, 11, 15)
BY_DAY = Options(first_day=date(2026, 11, 1), retry_after_s=0.1)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return resolve(warehouse=at_one_path(tmp_path_factory.mktemp("warehouse")))


@pytest.fixture(scope="module")
def graph(settings: Settings) -> Graph:
    return read_graph(settings)


@pytest.fixture
def defined(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dg.Definitions]:
    """Definitions of which the run is a stand-in."""

    def define(stand_in: Callable[..., Iterator[Told]], options: Options) -> dg.Definitions:
        monkeypatch.setattr(location, "read_graph", lambda settings: graph)
        monkeypatch.setattr(location, "write_audit_publish", stand_in)
        return location.define(resolve(), options)

    return define


def all_of(graph: Graph) -> Iterator[Told]:
    """A run in which everything passed."""
    for asset in graph.assets:
        yield dg.MaterializeResult(asset_key=asset.key)
    for check in graph.checks:
        yield dg.AssetCheckResult(asset_key=check.asset_key, check_name=check.name, passed=True)


def noting(graph: Graph) -> tuple[list[Settings], Callable[..., Iterator[Told]]]:
    """A stand-in for a run in which everything passed, and the settings that it was given."""
    given: list[Settings] = []

    def stand_in(settings: Settings, *_: Any) -> Iterator[Told]:
        given.append(settings)
        return all_of(graph)

    return given, stand_in


def tick(definitions: dg.Definitions, at: datetime) -> Any:
    """What the schedule asks for at a moment."""
    context = dg.build_schedule_context(
        scheduled_execution_time=at, repository_def=definitions.get_repository_def()
    )
    return definitions.resolve_schedule_def(location.SCHEDULE).evaluate_tick(context)


def test_every_model_is_an_asset_and_every_test_a_check(
    graph: Graph, settings: Settings, root: Path
) -> None:
    from dbt.cli.main import dbtRunner

    asked = [
        *("--quiet", "ls", "--output", "name", "--project-dir", str(root)),
        *("--profiles-dir", str(root), "--resource-type", "model", "--resource-type", "test"),
    ]
    with settings.exported():
        listed: Any = dbtRunner().invoke(asked)
    keys = [key.path[-1] for key in graph.models.values()] + [k.name for k in graph.tests.values()]
    assert sorted(keys) == sorted(listed.result)
    assert len(graph.models) > 70
    assert len(graph.tests) > 600
    assert len(set(graph.tests.values())) == len(graph.tests)


def test_a_test_of_several_models_checks_the_last_of_them(graph: Graph) -> None:
    by_name = {key.name: key.asset_key for key in graph.tests.values()}
    told = by_name["revenue_is_one_number_from_the_ledger_to_the_marts"]
    assert told.path[0] == "marts"


def test_what_a_test_finds_has_the_unit_that_it_declares(graph: Graph) -> None:
    named = {graph.tests[unique_id].name: unit for unique_id, unit in graph.units.items()}
    assert named == {"rejected_rows_per_million_stay_low_in_each_event_table": "per million"}


def test_every_rule_of_the_audit_is_a_check_of_the_candidate(graph: Graph, root: Path) -> None:
    rulebook = read_rulebook(root)
    named = (*Rules.model_fields, *rulebook.hierarchies)
    declared = [name for name in named if rulebook.rule(name).severity != "ignore"]
    assert {*graph.rules} == {*declared}
    blocking = {check.name for check in graph.checks if check.blocking}
    for name in declared:
        assert graph.rules[name].asset_key == CANDIDATE
        assert (name in blocking) == (rulebook.rule(name).severity == "block")


def test_only_what_is_served_becomes_the_candidate_and_the_publication(graph: Graph) -> None:
    assets = {asset.key: asset for asset in graph.assets}
    marts = {key for key in assets if key.path[0] == "marts"}
    assert {dep.asset_key for dep in assets[CANDIDATE].deps} == marts
    assert {dep.asset_key for dep in assets[PUBLICATION].deps} == {CANDIDATE}
    policy = assets[PUBLICATION].freshness_policy
    assert policy == dg.FreshnessPolicy.time_window(warn_window=WARN_AFTER, fail_window=FAIL_AFTER)


def test_days_of_folders_are_partitions_and_one_heap_of_files_has_none(tmp_path: Path) -> None:
    settings = replace(resolve(), events=str(tmp_path))
    assert read_options(settings).first_day is None
    (tmp_path / "events" / "requests" / "dt=no-day").mkdir(parents=True)
    assert read_options(settings).first_day is None
    for day in (DAY, date(2026, 10, 30), date(1970, 1, 1)):
        land(platform_of(day), tmp_path, day)
    assert read_options(settings).first_day == date(2026, 10, 30)
    assert read_options(replace(settings, events="s3://bucket/logs")).first_day is None


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("TRIBUTARY_CRON", "every day", "write five fields, such as 30 1 \\* \\* \\*"),
        ("TRIBUTARY_CRON", "30 25 * * *", "write five fields"),
        ("TRIBUTARY_FIRST_DAY", "monday", "write a day, such as 2026-11-15"),
        ("TRIBUTARY_WAIT", "long", "write a number of seconds"),
        ("TRIBUTARY_RETRY_AFTER", "-1", "write a number of seconds"),
    ],
)
def test_an_option_that_cannot_be_used_is_refused_by_name(
    name: str, value: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=f"{name} is {re.escape(repr(value))}; {words}"):
        read_options(resolve())


def test_options_are_taken_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIBUTARY_CRON", "5 4 * * *")
    monkeypatch.setenv("TRIBUTARY_FIRST_DAY", "2026-11-01")
    monkeypatch.setenv("TRIBUTARY_WAIT", "7")
    monkeypatch.setenv("TRIBUTARY_RETRY_AFTER", "9")
    assert read_options(resolve()) == Options("5 4 * * *", date(2026, 11, 1), 7, 9)


def test_the_schedule_asks_for_the_newest_day_that_is_over(
    defined: Callable[..., dg.Definitions], graph: Graph
) -> None:
    definitions = defined(lambda *_: all_of(graph), BY_DAY)
    schedule = definitions.resolve_schedule_def(location.SCHEDULE)
    assert schedule.cron_schedule == "30 1 * * *"
    assert schedule.execution_timezone == "UTC"
    asked = tick(definitions, datetime(2026, 11, 16, 1, 30, tzinfo=UTC))
    assert [request.partition_key for request in asked.run_requests or []] == ["2026-11-15"]
    early = tick(definitions, datetime(2026, 11, 1, 1, 30, tzinfo=UTC))
    assert early.skip_message == "No day since 2026-11-01 is over yet."


def test_a_heap_of_files_is_scheduled_as_a_whole(
    defined: Callable[..., dg.Definitions], graph: Graph
) -> None:
    given, stand_in = noting(graph)
    definitions = defined(stand_in, Options())
    asked = tick(definitions, datetime(2026, 11, 16, tzinfo=UTC))
    assert [request.partition_key for request in asked.run_requests or []] == [None]
    assert definitions.resolve_job_def(location.JOB).execute_in_process().success
    assert [settings.backfill for settings in given] == [None]


def test_a_range_of_partitions_is_one_run_over_those_days(
    defined: Callable[..., dg.Definitions], graph: Graph
) -> None:
    given, stand_in = noting(graph)
    job = defined(stand_in, BY_DAY).resolve_job_def(location.JOB)
    asked = {
        "dagster/asset_partition_range_start": "2026-11-03",
        "dagster/asset_partition_range_end": "2026-11-05",
    }
    ended = job.execute_in_process(tags=asked)
    assert ended.success
    assert [one.backfill for one in given] == [(date(2026, 11, 3), date(2026, 11, 5))]
    published = ended.asset_materializations_for_node("write_audit_publish")
    days = [one.partition for one in published if one.asset_key == PUBLICATION]
    assert days == ["2026-11-03", "2026-11-04", "2026-11-05"]


def test_a_part_of_the_assets_is_refused_with_the_command_that_builds_it(
    defined: Callable[..., dg.Definitions], graph: Graph
) -> None:
    job = defined(lambda *_: all_of(graph), Options()).resolve_job_def(location.JOB)
    ended = job.execute_in_process(asset_selection=[PUBLICATION], raise_on_error=False)
    assert not ended.success
    [failed] = [event for event in ended.all_events if event.event_type_value == "STEP_FAILURE"]
    assert "tributary run --select" in str(failed.step_failure_data.user_failure_data)


def test_what_may_pass_later_is_tried_again_and_nothing_else(
    defined: Callable[..., dg.Definitions], graph: Graph
) -> None:
    tries = []

    def busy_twice(*_: Any) -> Iterator[Told]:
        tries.append("busy")
        if len(tries) < 3:
            raise dg.Failure("busy")
        return all_of(graph)

    job = defined(busy_twice, BY_DAY).resolve_job_def(location.JOB)
    ended = job.execute_in_process(partition_key=str(DAY))
    assert ended.success
    pauses = [
        event.step_retry_data.seconds_to_wait or 0
        for event in ended.all_events
        if event.event_type_value == "STEP_UP_FOR_RETRY"
    ]
    # 1 and 3 times the first, each up to once the first longer or shorter.
    assert len(pauses) == 2
    assert 0 <= pauses[0] <= 0.2 <= pauses[1] <= 0.4

    def wrong(*_: Any) -> Iterator[Told]:
        tries.append("wrong")
        raise dg.Failure("a rule failed", allow_retries=False)

    job = defined(wrong, BY_DAY).resolve_job_def(location.JOB)
    assert not job.execute_in_process(partition_key=str(DAY), raise_on_error=False).success
    assert tries == ["busy", "busy", "busy", "wrong"]


def test_a_run_that_is_cancelled_is_not_tried_again(
    defined: Callable[..., dg.Definitions], graph: Graph
) -> None:
    tries = []

    def cancelled(*_: Any) -> Iterator[Told]:
        tries.append("one")
        yield from all_of(graph)
        raise dg.DagsterExecutionInterruptedError

    job = defined(cancelled, BY_DAY).resolve_job_def(location.JOB)
    assert not job.execute_in_process(partition_key=str(DAY), raise_on_error=False).success
    assert tries == ["one"]


@pytest.mark.parametrize(
    ("stage", "message", "again"),
    [
        (Stage.build, "/w/build.duckdb is held by another process (PID 7). Wait until", True),
        (Stage.build, "x.parquet: it was cut short or is still being written.", True),
        (
            Stage.build,
            "No event log under /e has a file with landed_on = date '2026-11-20': its folders by "
            "day go from 2026-11-01 to 2026-11-19. Name days among them.",
            True,
        ),
        (
            Stage.build,
            "No event log under /e has a file with landed_on = date '2026-11-20': it does not lie "
            "in folders by day. Run without --from.",
            False,
        ),
        (Stage.build, "Out of Memory Error: could not allocate", True),
        (Stage.build, "The disk of /w/build.duckdb is full. Free some space", True),
        (Stage.build, "12 found.", False),
        (Stage.export, "The disk of /w is full.", True),
        (Stage.audit, "revenue_daily breaks surfaces_sum_to_the_day", False),
        (Stage.publish, "Read-only file system", True),
    ],
)
def test_what_is_away_may_pass_later_and_what_is_wrong_may_not(
    stage: Stage, message: str, again: bool
) -> None:
    found = [
        Finding(stage=stage, name="one", message=message, is_blocking=True),
        Finding(stage=stage, name="other", message="a warning", is_blocking=False),
    ]
    report = RunReport(
        run_id="x",
        began_at=datetime.now(UTC),
        ending=Ending.failed,
        stage=stage,
        findings=found,
    )
    assert may_pass_later(report) == again


def test_nothing_else_needs_dagster() -> None:
    loaded = "import sys, tributary.cli; sys.exit('dagster' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", loaded], timeout=120).returncode == 0


def test_without_the_extra_the_command_says_what_to_install() -> None:
    hidden = (
        "import importlib.util as u, sys, typer; u.find_spec = lambda name: None;"
        "from tributary.schedule.command import schedule; typer.run(schedule)"
    )
    outcome = subprocess.run(
        [sys.executable, "-c", hidden], capture_output=True, text=True, timeout=120
    )
    assert outcome.returncode == 2
    assert "uv sync --extra dagster" in outcome.stdout


def test_a_port_that_is_taken_is_said_before_anything_is_started(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TRIBUTARY_WAREHOUSE", str(tmp_path / "warehouse"))
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(typer.Exit) as refused:
        port = taken.getsockname()[1]
        command.schedule(port=port, host="127.0.0.1", home=tmp_path / "home")
    assert refused.value.exit_code == 2
    assert f"Another process listens at 127.0.0.1:{port}" in capsys.readouterr().out
    assert not (tmp_path / "home").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="Only Linux tells a child of its parent's end.")
def test_what_the_command_started_ends_when_the_command_is_killed(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from tributary.schedule import command;"
        "sleep = [sys.executable, '-c', 'import time; print(\"started\", flush=True);"
        " time.sleep(60)'];"
        "socket = Path(sys.argv[1]); socket.touch();"
        "command._run_until_one_ends({'one': sleep, 'two': sleep}, socket, socket)"
    )
    killed = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "socket")], stdout=subprocess.PIPE, text=True
    )
    assert killed.stdout is not None
    assert all(killed.stdout.readline() == "started\n" for _ in range(2))
    killed.kill()
    killed.wait()
    # Each held the other end of the pipe, which is closed when the last of them has ended.
    began = time.monotonic()
    assert killed.stdout.read() == ""
    assert time.monotonic() - began < 30
