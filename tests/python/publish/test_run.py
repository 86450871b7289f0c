"""A run publishes what passed; what did not is said in the report, the exit code and the alert."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from conftest import Command
from platforms import simulated
from published import kept
from receiver import Receiver
from rich.console import Console
from typer.testing import CliRunner
from warm import ONLY_MODELS, end_of, kill_in, last_report, run, start

from tributary.audit import AuditError
from tributary.cli import app
from tributary.publish.command import print_ending
from tributary.publish.lock import held
from tributary.publish.manifest import read_manifest
from tributary.publish.places import Places
from tributary.publish.publication import served
from tributary.publish.reports import Ending, RunReport, Stage, new_run_id, read_reports
from tributary.publish.run import Run, begun, report_refusal
from tributary.settings import ALERT_WEBHOOK, EVENTS, KEEP_RUNS, resolve
from tributary.words import BUSY, INTERRUPTED, REFUSED

SIMULATED = ("--format", "parquet", "--clean", "--days", "3", "--requests-per-day", "40")
OF_ALL = "where surface = '(all)' and requested_on = (select min(requested_on) from revenue_daily)"
ONE_CELL = f"update revenue_daily set revenue = revenue + 0.000001 {OF_ALL}"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A platform, and a warehouse that has published it."""
    folder = tmp_path_factory.mktemp("published")
    events = simulated(folder / "platform", *SIMULATED)
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


def test_a_build_that_was_deleted_is_made_again_though_nothing_is_new(
    events: Path, places: Places
) -> None:
    before = seen(places)
    places.build_database.unlink()
    assert run(events, places.warehouse, *ONLY_MODELS) == 0
    report = last_report(places)
    assert seen(places) == report.run_id != before
    assert report.reference


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
    chosen = "resource_type:model test_name:no_day_is_missing"
    chosen_only = ("--select", chosen, "--indirect-selection", "empty")
    assert run(worse, places.warehouse, *chosen_only) == 1
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


def test_an_audit_that_cannot_be_held_is_refused_before_the_build(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unusable(project: Path) -> None:
        raise AuditError(f"{project}/audit.yml cannot be used: [blok] is none of block, warn.")

    monkeypatch.setattr("tributary.publish.run.check_rulebook", unusable)
    outcome = CliRunner().invoke(app, ["run", "--warehouse", str(places.warehouse)])
    assert outcome.exit_code == REFUSED
    assert "[blok] is none of block" in outcome.output
    assert last_report(places).ending is Ending.refused


def test_a_run_keeps_its_own_report_and_what_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEEP_RUNS, "1")
    places = Places(tmp_path)
    for old in ("20200101T000000Z", "20990101T000000Z"):
        RunReport(run_id=old, began_at=datetime.now(UTC), ending=Ending.failed).write(places)
    (places.runs / "notes.txt").write_text("mine")
    with begun(resolve(warehouse=tmp_path), Console(quiet=True)) as at_work:
        at_work.report.ending = Ending.built
    kept = {place.name for place in places.runs.iterdir()}
    assert kept == {"notes.txt", "20990101T000000Z", at_work.report.run_id}


def test_runs_that_cannot_begin_push_out_no_run_at_work(tmp_path: Path) -> None:
    places = Places(tmp_path)
    with begun(resolve(warehouse=tmp_path), Console(quiet=True)) as at_work:
        at_work.report.ending = Ending.built
        for _ in range(3):
            report_refusal(Console(quiet=True), tmp_path, None, "busy", keep_runs=1)
        left = {place.name for place in places.runs.iterdir()}
    assert len(left) == 2
    assert at_work.report.run_id in left


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
    while process.is_alive() and last_report(places).ending is not Ending.running:
        time.sleep(0.05)
    time.sleep(after_s)
    assert process.pid is not None
    os.kill(process.pid, told_by)
    assert end_of(process) == INTERRUPTED
    report = last_report(places)
    assert (report.ending, report.stage) == (Ending.failed, Stage.build)
    assert report.findings[-1].name == "interrupted"
    assert seen(places) == before
    assert [alert["level"] for alert in receiver.bodies] == ["failure"]


@pytest.mark.parametrize("is_out", [False, True])
def test_who_stops_a_run_is_told_what_became_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_out: bool
) -> None:
    def stop(at_work: Run, *_: object) -> None:
        at_work.report.stage = Stage.publish
        if is_out:
            at_work.report.ending = Ending.published
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr("tributary.cli.build_and_publish", stop)
    outcome = CliRunner().invoke(app, ["run", "--warehouse", str(tmp_path)])
    report = last_report(Places(tmp_path))
    assert report.findings[-1].name == "interrupted"
    said = " ".join(outcome.output.split())
    in_words = Places(tmp_path).runs / report.run_id / "report.md"
    assert f"Report: {in_words}." in said
    if is_out:
        assert outcome.exit_code == 0
        assert f"Published {report.run_id}" in said
    else:
        assert outcome.exit_code == INTERRUPTED
        assert "Interrupted in the stage publish" in said
        assert "It was told to stop (SIGTERM)." in in_words.read_text("utf-8")


def test_another_name_of_an_interrupt_is_one_as_well(tmp_path: Path) -> None:
    class OtherError(BaseException):
        pass

    with (
        pytest.raises(OtherError),
        begun(resolve(warehouse=tmp_path), Console(quiet=True), interrupts=(OtherError,)),
    ):
        raise OtherError
    report = last_report(Places(tmp_path))
    assert report.findings[-1].name == "interrupted"
    assert report.summary.startswith("Interrupted in the stage build. It was told to stop.")


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


@pytest.mark.parametrize("is_relative", [False, True])
def test_a_run_that_is_refused_before_it_begins_leaves_a_report_and_tells_the_webhook(
    tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, is_relative: bool
) -> None:
    monkeypatch.setenv(ALERT_WEBHOOK, receiver.address)
    monkeypatch.chdir(tmp_path)
    warehouse = "house" if is_relative else str(tmp_path / "house")
    places = Places(tmp_path / "house")
    places.publications.mkdir(parents=True)
    places.current.symlink_to("earlier")
    arguments = ["run", "--events", "/no/such/folder", "--warehouse", warehouse]
    outcome = CliRunner().invoke(app, arguments)
    assert outcome.exit_code == REFUSED
    report = last_report(places)
    assert (report.ending, report.stage) == (Ending.refused, Stage.begin)
    in_words = places.runs / report.run_id / "report.md"
    assert "/no/such/folder" in in_words.read_text("utf-8")
    assert str(in_words) in " ".join(outcome.output.split())
    (alert,) = receiver.bodies
    assert alert["text"] == f"tributary {report.run_id}: {report.summary}"
    assert (alert["run_id"], alert["stage"]) == (report.run_id, "begin")
    assert (alert["report"], alert["published"]) == (str(in_words), "earlier")
    assert alert["warehouse"] == str(places.warehouse)
    listed = CliRunner().invoke(app, ["status", "--warehouse", warehouse]).output
    assert report.run_id in listed


@pytest.mark.parametrize(
    "address",
    [
        "hooks.example.com/secret",
        "http:///secret",
        "http://a b/secret",
        "http://[secret",
        "https://host:secret/",
        "ftp://host/secret",
    ],
)
def test_an_address_that_is_none_is_refused_in_words_before_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv(ALERT_WEBHOOK, address)
    outcome = CliRunner().invoke(app, ["run", "--warehouse", str(tmp_path)])
    assert outcome.exit_code == REFUSED
    assert f"{ALERT_WEBHOOK} is no address" in outcome.output
    assert "secret" not in outcome.output
    assert "did not reach" not in outcome.output
    assert "is no address" in last_report(Places(tmp_path)).summary


def test_a_run_that_finds_another_at_work_tells_of_it(
    tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ALERT_WEBHOOK, receiver.address)
    places = Places(tmp_path)
    at = ["--warehouse", str(tmp_path)]
    with held(places.lock, lambda _: "the-first"):
        assert CliRunner().invoke(app, ["run", *at]).exit_code == BUSY
        (alert,) = receiver.bodies
        kept(places, "20260102T000000Z", "20260103T000000Z")
        places.current.symlink_to("20260103T000000Z")
        assert CliRunner().invoke(app, ["rollback", *at]).exit_code == BUSY
    assert len(receiver.bodies) == 1
    report = last_report(places)
    assert (alert["level"], alert["ending"], alert["stage"]) == ("failure", "busy", "begin")
    assert (alert["run_id"], report.ending) == (report.run_id, Ending.busy)
    assert "run the-first" in alert["text"]
    assert Path(alert["report"]).is_file()
    assert [one.ending for one in read_reports(places, None, None)] == [Ending.busy]


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
    to_a_machine = CliRunner().invoke(app, ["status", "--verify", "--json", *at])
    assert to_a_machine.exit_code == 1
    assert list(json.loads(to_a_machine.stdout)["damaged"]) == [second]


def test_status_says_who_is_at_work_and_how_old_the_publication_is(places: Places) -> None:
    command = ["status", "--json", "--warehouse", str(places.warehouse)]
    said = json.loads(CliRunner().invoke(app, command).stdout)
    assert (said["at_work"], said["damaged"]) == (None, {})
    assert 0 < said["age_seconds"] < 3_600
    with held(places.lock, lambda _: "the-first"):
        said = json.loads(CliRunner().invoke(app, command).stdout)
    assert said["at_work"]["run_id"] == "the-first"


@pytest.mark.parametrize("is_gone", [False, True])
def test_status_names_what_is_served_and_cannot_be_read(places: Places, is_gone: bool) -> None:
    now = seen(places)
    if is_gone:
        shutil.rmtree(places.publication(now))
    else:
        (places.publication(now) / "manifest.json").write_text("{")
    at = ["--warehouse", str(places.warehouse)]
    in_words = CliRunner().invoke(app, ["status", *at])
    assert in_words.exit_code == 1
    assert f"Readers see {now}, whose manifest cannot be read" in in_words.output
    assert "Publish anew: tributary run." in in_words.output
    assert "rollback" not in in_words.output
    to_a_machine = CliRunner().invoke(app, ["status", "--json", *at])
    assert to_a_machine.exit_code == 1
    said = json.loads(to_a_machine.stdout)
    assert (said["served"], said["age_seconds"]) == (now, None)
    assert said["damaged"] == {now: "manifest.json"}


def test_a_long_reason_is_cut_in_the_listing_and_its_brackets_stay(places: Places) -> None:
    report = last_report(places).model_copy(
        update={"run_id": "20990101T000000Z", "summary": "[Errno 28] no " + "space left " * 50}
    )
    report.write(places)
    command = ["status", "--warehouse", str(places.warehouse)]
    said = " ".join(CliRunner().invoke(app, command).output.split())
    assert "[Errno" in said
    assert said.count("space") < 40


def test_status_and_rollback_work_while_the_events_are_away(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(EVENTS, "/no/such/folder")
    at = ["--warehouse", str(places.warehouse)]
    assert CliRunner().invoke(app, ["status", *at]).exit_code == 0
    refused = CliRunner().invoke(app, ["rollback", *at])
    assert refused.exit_code == REFUSED
    assert "no earlier publication" in refused.output


def test_a_rollback_that_fails_says_why_and_changes_nothing(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = places.publication(seen(places))
    earlier = places.publication("20200101T000000Z")
    shutil.copytree(now, earlier)
    manifest = read_manifest(now).model_copy(update={"run_id": earlier.name})
    manifest.write(earlier)
    at = ["--warehouse", str(places.warehouse)]

    def fail(*_: object) -> None:
        raise OSError(30, "Read-only file system", "current")

    for broken in ("tributary.publish.publication._link", "tributary.publish.lock._write"):
        with monkeypatch.context() as patched:
            patched.setattr(broken, fail)
            refused = CliRunner().invoke(app, ["rollback", *at])
        assert refused.exit_code == REFUSED, refused.output
        assert "Read-only file system" in refused.output
        assert isinstance(refused.exception, SystemExit)
        assert seen(places) == now.name
    back = CliRunner().invoke(app, ["rollback", *at])
    assert (back.exit_code, seen(places)) == (0, earlier.name), back.output


def test_what_is_served_and_gone_is_left_by_name(tmp_path: Path) -> None:
    places, at = Places(tmp_path), ["--warehouse", str(tmp_path)]
    kept(places, "20260102T000000Z", "20260103T000000Z")
    places.current.symlink_to("20260101T000000Z")
    said = " ".join(CliRunner().invoke(app, ["status", *at]).output.split())
    assert "Serve another: tributary rollback 20260103T000000Z; or publish anew" in said
    bare = CliRunner().invoke(app, ["rollback", *at])
    assert bare.exit_code == REFUSED
    assert "name the one to serve: 20260103T000000Z, 20260102T000000Z." in bare.output
    named = CliRunner().invoke(app, ["rollback", "20260103T000000Z", *at])
    assert (named.exit_code, seen(places)) == (0, "20260103T000000Z"), named.output


def test_a_mistyped_rollback_is_no_run_and_no_alert(
    tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ALERT_WEBHOOK, receiver.address)
    places = Places(tmp_path)
    kept(places, "20260102T000000Z")
    places.current.symlink_to("20260102T000000Z")
    for mistyped in ([], ["20260102"], ["20260102T000000Z"]):
        refused = CliRunner().invoke(app, ["rollback", *mistyped, "--warehouse", str(tmp_path)])
        assert refused.exit_code == REFUSED
    assert not places.runs.exists()
    assert receiver.bodies == []


def test_the_reason_behind_a_long_path_is_shown(tmp_path: Path) -> None:
    reason = f"{tmp_path}/{'a-long-name/' * 9}part-0001.parquet is no complete Parquet file."
    report = RunReport(run_id="20260101T000000Z", began_at=datetime.now(UTC))
    report.ending, report.summary = Ending.refused, reason
    report.write(Places(tmp_path))
    said = CliRunner().invoke(app, ["status", "--warehouse", str(tmp_path)]).output
    assert f"20260101T000000Z refused in the stage build. {reason}\n" in said


def test_where_nothing_was_published_a_rollback_makes_no_warehouse(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for name in ("mistyped", "file", "file/below"):
        place = tmp_path / name
        refused = CliRunner().invoke(app, ["rollback", "--warehouse", str(place)])
        assert refused.exit_code == REFUSED
        assert "Nothing was ever published" in " ".join(refused.output.split())
        status = CliRunner().invoke(app, ["status", "--warehouse", str(place)])
        assert (status.exit_code, "Nothing is published" in status.output) == (0, True)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_names_of_runs_sort_by_time_and_none_is_given_twice(tmp_path: Path) -> None:
    now, places = datetime(2026, 1, 1, tzinfo=UTC), Places(tmp_path)
    names = []
    for _ in range(12):
        names.append(new_run_id(now, places))
        (places.runs / names[-1]).mkdir(parents=True)
        (places.runs / names[-1] / "report.json").write_text(
            RunReport(run_id=names[-1], began_at=now).model_dump_json()
        )
    assert names[:2] == ["20260101T000000Z", "20260101T000000Z-02"]
    assert names == sorted(set(names))
    assert [report.run_id for report in read_reports(places, None, None)] == names[::-1]
    for name in names[:-1]:
        shutil.rmtree(places.runs / name)
    assert new_run_id(now, places) == "20260101T000000Z-13"
    (places.candidate("20260101T000000Z-20")).mkdir(parents=True)
    assert new_run_id(now, places) == "20260101T000000Z-21"


def test_only_a_failed_build_is_said_to_be_no_use(tmp_path: Path) -> None:
    settings = resolve(warehouse=tmp_path)
    for stage in Stage:
        report = RunReport(run_id="a", began_at=datetime.now(UTC), ending=Ending.failed)
        report.stage = stage
        console = Console(record=True, width=400)
        print_ending(console, settings, report, tmp_path)
        said = console.export_text()
        assert "Readers see nothing yet" in said
        assert ("serve none of it" in said) == ("--verbose" in said) == (stage is Stage.build)


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
