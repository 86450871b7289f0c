"""A run publishes what passed; what did not is said in the report, the exit code and the alert."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import Command
from receiver import Receiver
from typer.testing import CliRunner
from warm import INTERRUPTED, ONLY_MODELS, end_of, kill_in, last_report, run, start

from tributary.cli import app
from tributary.publish.command import BUSY, REFUSED
from tributary.publish.lock import held
from tributary.publish.places import Places
from tributary.publish.publication import served
from tributary.publish.reports import Ending, Stage
from tributary.settings import ALERT_WEBHOOK

SIMULATED = ("--format", "parquet", "--clean", "--days", "3", "--requests-per-day", "40")
OF_ALL = "where surface = '(all)' and requested_on = (select min(requested_on) from revenue_daily)"
ONE_CELL = f"update revenue_daily set revenue = revenue + 0.000001 {OF_ALL}"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A platform, and a warehouse that has published it."""
    folder = tmp_path_factory.mktemp("published")
    events = folder / "platform"
    outcome = CliRunner().invoke(app, ["simulate", "--out", str(events), *SIMULATED])
    assert outcome.exit_code == 0, outcome.output
    assert run(events, folder / "warehouse", *ONLY_MODELS) == 0
    return events, folder / "warehouse"


@pytest.fixture
def places(published: tuple[Path, Path], tmp_path: Path) -> Places:
    shutil.copytree(published[1], tmp_path / "warehouse", symlinks=True)
    return Places(tmp_path / "warehouse")


@pytest.fixture
def events(published: tuple[Path, Path]) -> Path:
    return published[0]


def seen(places: Places) -> str:
    now = served(places)
    assert now is not None
    return now.manifest.run_id


def test_what_the_audit_refuses_is_not_published_and_everybody_is_told(
    events: Path, places: Places, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ALERT_WEBHOOK, receiver.address)
    before = seen(places)
    assert run(events, places.warehouse, *ONLY_MODELS, spoil=ONE_CELL) == 4
    report = last_report(places)
    assert (report.ending, report.stage) == (Ending.failed, Stage.audit)
    assert seen(places) == before == report.published
    assert "surfaces_sum_to_the_day in revenue_daily" in {
        finding.name for finding in report.findings if finding.is_blocking
    }
    folder = places.runs / report.run_id
    in_words = (folder / "report.md").read_text("utf-8")
    for words in ("The stage audit failed", "surfaces_sum_to_the_day", "audit.html", before):
        assert words in in_words
    assert (folder / "audit.html").is_file()
    (alert,) = receiver.bodies
    assert (alert["level"], alert["stage"], alert["published"]) == ("failure", "audit", before)
    assert "surfaces_sum_to_the_day" in alert["text"]
    assert run(events, places.warehouse, *ONLY_MODELS) == 0
    assert seen(places) == last_report(places).run_id != before


def test_a_candidate_that_cannot_be_put_together_is_not_published(
    events: Path, places: Places
) -> None:
    before = seen(places)
    # Only the models of one mart are built, so that the others are no marts of this run.
    assert run(events, places.warehouse, "--select", "conservation_daily") == 3
    assert last_report(places).stage is Stage.export
    assert seen(places) == before


def test_what_is_in_the_way_of_the_publication_is_named(events: Path, places: Places) -> None:
    before = seen(places)
    places.served_tables.unlink()
    places.served_tables.mkdir()
    assert run(events, places.warehouse, *ONLY_MODELS) == 5
    assert "Move it away" in last_report(places).summary
    assert seen(places) == before


def test_a_failed_test_of_the_build_is_reported_with_its_rows(
    events: Path, places: Places, tmp_path: Path
) -> None:
    before = seen(places)
    worse = tmp_path / "worse"
    shutil.copytree(events, worse)
    shutil.rmtree(max((worse / "events" / "impressions").glob("*=*")))
    assert run(worse, places.warehouse) == 1
    report = last_report(places)
    assert (report.ending, report.stage) == (Ending.failed, Stage.build)
    found = [finding.message for finding in report.findings if finding.is_blocking]
    assert any("found, among them: " in message for message in found), found
    assert seen(places) == before


def test_an_error_that_speaks_of_a_checksum_drops_no_build(
    events: Path, places: Places, tmp_path: Path
) -> None:
    built = places.build_database.stat().st_size
    worse = tmp_path / "checksum Serialization"
    shutil.copytree(events, worse)
    next((worse / "events" / "charges").rglob("*.parquet")).write_bytes(b"")
    assert run(worse, places.warehouse, *ONLY_MODELS) == REFUSED
    report = last_report(places)
    assert "checksum Serialization" in report.summary
    assert "build database" not in {finding.name for finding in report.findings}
    assert places.build_database.stat().st_size >= built


def test_published_days_whose_files_are_gone_are_lost_only_when_that_is_asked_for(
    events: Path, places: Places, tmp_path: Path
) -> None:
    archived = tmp_path / "platform"
    shutil.copytree(events, archived)
    assert run(archived, places.warehouse, *ONLY_MODELS) == 0
    before = seen(places)
    for log in (archived / "events").iterdir():
        shutil.rmtree(min(log.glob("*=*")))
    places.build_database.unlink()
    assert run(archived, places.warehouse, *ONLY_MODELS) == 4
    assert "made of files that are gone" in last_report(places).summary
    assert seen(places) == before
    lost = start(archived, places.warehouse, *ONLY_MODELS, may_lose_days=True)
    assert end_of(lost) == 0
    assert seen(places) == last_report(places).run_id


@pytest.mark.parametrize(("told_by", "after_s"), [(signal.SIGTERM, 2), (signal.SIGINT, 4)])
def test_a_run_that_is_told_to_stop_says_so_and_publishes_nothing(
    events: Path,
    places: Places,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
    told_by: int,
    after_s: float,
) -> None:
    monkeypatch.setenv(ALERT_WEBHOOK, receiver.address)
    before = seen(places)
    process = start(events, places.warehouse, *ONLY_MODELS)
    time.sleep(after_s)
    assert process.pid is not None
    os.kill(process.pid, told_by)
    assert end_of(process) == INTERRUPTED
    report = last_report(places)
    assert (report.ending, report.stage) == (Ending.failed, Stage.build)
    assert report.findings[-1].name == "KeyboardInterrupt"
    assert seen(places) == before
    assert [alert["level"] for alert in receiver.bodies] == ["failure"]


def test_the_next_run_says_where_one_was_killed(events: Path, places: Places) -> None:
    process = start(events, places.warehouse, *ONLY_MODELS)
    assert kill_in(process, places, Stage.export, 0.2)
    killed = last_report(places)
    assert (killed.ending, killed.stage) in {
        (Ending.running, Stage.export),
        (Ending.running, Stage.audit),
    }
    assert run(events, places.warehouse, *ONLY_MODELS) == 0
    assert "the run before" in {finding.name for finding in last_report(places).findings}
    in_words = (places.runs / killed.run_id / "report.md").read_text("utf-8")
    assert f"Killed while it was in the stage {killed.stage}." in in_words


def test_a_run_that_is_refused_before_it_begins_tells_the_webhook(
    places: Places, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ALERT_WEBHOOK, receiver.address)
    arguments = ["run", "--events", "/no/such/folder", "--warehouse", str(places.warehouse)]
    assert CliRunner().invoke(app, arguments).exit_code == REFUSED
    (alert,) = receiver.bodies
    assert "/no/such/folder" in alert["text"]
    assert alert["published"] == seen(places)


def test_a_second_run_is_refused_while_one_is_at_work(events: Path, places: Places) -> None:
    with held(places.lock, lambda _: "the-first"):
        assert run(events, places.warehouse, *ONLY_MODELS) == BUSY
        outcome = CliRunner().invoke(app, ["status", "--warehouse", str(places.warehouse)])
    assert "At work: run the-first" in outcome.output


def test_status_and_rollback_from_the_command_line(events: Path, places: Places) -> None:
    at = ["--warehouse", str(places.warehouse)]
    first = seen(places)
    assert run(events, places.warehouse, *ONLY_MODELS) == 0
    second = seen(places)
    said = json.loads(CliRunner().invoke(app, ["status", "--json", *at]).output)
    assert said["served"] == second
    assert [one["run_id"] for one in said["publications"]] == [second, first]
    assert {one["ending"] for one in said["runs"]} == {"published"}
    back = CliRunner().invoke(app, ["rollback", *at])
    assert (back.exit_code, seen(places)) == (0, first), back.output
    again = CliRunner().invoke(app, ["rollback", *at])
    assert again.exit_code == REFUSED
    assert "no earlier publication" in again.output
    named = CliRunner().invoke(app, ["rollback", second, *at])
    assert (named.exit_code, seen(places)) == (0, second), named.output
    in_words = CliRunner().invoke(app, ["status", "--verify", *at]).output
    assert f"Readers see {second}" in in_words
    file = places.served_tables / "revenue_daily" / "revenue_daily.parquet"
    file.chmod(0o644)
    file.write_bytes(file.read_bytes()[:-1])
    damaged = CliRunner().invoke(app, ["status", "--verify", *at])
    assert damaged.exit_code == 1
    assert "revenue_daily.parquet" in damaged.output


def test_a_part_of_the_project_is_built_and_not_published(
    tributary: Command, events: Path, places: Places
) -> None:
    before = seen(places)
    outcome = tributary(
        *("run", "--events", events, "--select", "conservation_daily"),
        *("--warehouse", places.warehouse),
    )
    assert outcome.returncode == 0, outcome.stdout
    assert "nothing is published" in outcome.stdout
    assert last_report(places).ending is Ending.built
    assert seen(places) == before


def test_the_code_that_reads_needs_no_engine_to_start() -> None:
    """`tributary status` does not wait for dbt and Great Expectations."""
    code = "import sys, tributary.cli; print(*[m for m in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout
    assert {"dbt.cli.main", "great_expectations", "pyspark"}.isdisjoint(loaded.split())
