"""On a full disk a run still says how it ended; where it cannot, nobody makes up how it did."""

import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console
from small_disk import small_disk

from tributary.disk import full_disk
from tributary.failures import explain
from tributary.publish.command import print_ending
from tributary.publish.lock import WarehouseUnwritableError, held, holders_of
from tributary.publish.places import Places
from tributary.publish.reports import Ending, RunReport, read_reports, reserve
from tributary.publish.run import Run, begun, last_runs
from tributary.settings import Settings, resolve

MANY = 5_000


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk", 4) as place:
        yield place


@pytest.fixture
def settings(disk: Path) -> Settings:
    return resolve(warehouse=disk / "warehouse")


def fill(disk: Path) -> None:
    """Leave no byte free."""
    with (disk / "ballast").open("ab") as file:
        os.posix_fallocate(file.fileno(), file.tell(), shutil.disk_usage(disk).free)


def failing(settings: Settings, disk: Path, findings: int) -> tuple[Run, str]:
    """A run on a disk that fills while it works, and what it said."""
    console = Console(record=True, width=400)
    with begun(settings, console) as at_work:
        fill(disk)
        for number in range(findings):
            at_work.find(f"test {number}", "rows " * 20, is_blocking=True)
        raise at_work.fail("disk", full_disk(settings.warehouse))
    print_ending(console, settings, at_work.report, at_work.in_words)
    return at_work, console.export_text()


@pytest.mark.parametrize(("findings", "is_whole"), [(1, True), (MANY, False)])
def test_the_last_report_has_its_space(
    settings: Settings, disk: Path, findings: int, is_whole: bool
) -> None:
    run, said = failing(settings, disk, findings)
    [report] = last_runs(settings, 5)
    assert (report.ending, report.summary) == (Ending.failed, run.report.summary)
    assert len(report.findings) == (findings + 1 if is_whole else 0)
    assert run.in_words is not None
    assert run.in_words.read_text("utf-8").startswith(f"# Run {report.run_id}: failed")
    assert f"Report: {run.in_words}" in said
    assert [file.name for file in sorted(run.in_words.parent.iterdir())] == [
        "report.json",
        "report.md",
    ]


def test_a_report_that_could_not_be_written_is_no_kill(
    settings: Settings, disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("tributary.publish.run.reserve", lambda *_: None)
        run, said = failing(settings, disk, 1)
    assert "could not be written: The disk of" in said
    assert "Report: " not in said
    [report] = last_runs(settings, 5)
    assert report.ending is Ending.unreported
    assert "without being able to write its report" in report.summary
    (disk / "ballast").unlink()
    with begun(settings, Console(quiet=True)) as after:
        after.report.ending = Ending.built
    [before] = after.report.findings
    assert run.report.run_id in before.message
    assert "killed" not in before.message
    in_words = Places(settings.warehouse).runs / run.report.run_id / "report.md"
    assert "without being able to write its report" in in_words.read_text("utf-8")


def test_a_run_that_has_no_space_for_its_report_is_refused_in_words(
    settings: Settings, disk: Path
) -> None:
    settings.warehouse.mkdir()
    fill(disk)
    with (
        pytest.raises(WarehouseUnwritableError, match="is full"),
        begun(settings, Console(quiet=True)),
    ):
        pytest.fail("It began.")


def test_on_a_full_disk_a_lock_is_taken_over_and_a_new_one_is_refused(disk: Path) -> None:
    lock = disk / "run.lock"
    dead = '{"run_id":"dead","pid":1,"host":"h","since":"2026-01-01T00:00:00Z"}'
    lock.write_text(dead)
    fill(disk)
    with held(lock, lambda _: "me") as hold:
        assert hold.dead is not None
    assert holders_of(lock) == (None, None)
    fill(disk)
    with pytest.raises(WarehouseUnwritableError, match="is full"), held(lock, lambda _: "me"):
        pytest.fail("It holds what it could not write.")


def test_what_a_killed_run_could_not_finish_is_swept(tmp_path: Path) -> None:
    settings = resolve(warehouse=tmp_path)
    places = Places(tmp_path)
    reserve(places, "20200101T000000Z")
    for name in (".report.json.new", ".report.md.new"):
        (places.runs / "20200101T000000Z" / name).touch()
    with begun(settings, Console(quiet=True)) as at_work:
        at_work.report.ending = Ending.built
    assert list(places.runs.glob("*/.*")) == []


def test_a_report_in_words_is_whole_or_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = Places(tmp_path)
    with begun(resolve(warehouse=tmp_path), Console(quiet=True)) as at_work:
        at_work.report.ending = Ending.built
    report = at_work.report
    in_words = places.runs / report.run_id / "report.md"
    before = in_words.read_text("utf-8")
    write_text = Path.write_text

    def half(path: Path, text: str, **how: str) -> int:
        if ".md" not in path.name:
            return write_text(path, text, **how)
        write_text(path, text[: len(text) // 2], **how)
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(Path, "write_text", half)
    with pytest.raises(OSError, match="Input/output"):
        report.write(places)
    assert in_words.read_text("utf-8") == before


def test_who_was_killed_is_told_from_who_could_not_say(tmp_path: Path) -> None:
    places = Places(tmp_path)
    with begun(resolve(warehouse=tmp_path), Console(quiet=True)) as at_work:
        pass
    open_report: RunReport = at_work.report.model_copy(
        update={"ending": Ending.running, "summary": ""}
    )
    open_report.write(places)
    for dead, ending in ((open_report.run_id, Ending.killed), (None, Ending.unreported)):
        assert [one.ending for one in read_reports(places, None, dead)] == [ending]


@pytest.mark.parametrize(
    ("said", "where"),
    [
        (
            'IO Error: Could not write file "/w/build.duckdb": No space left on device',
            " of /w/build.duckdb",
        ),
        ("[Errno 28] No space left on device: '/w/target/x.sql'", " of /w/target/x.sql"),
        (
            "Out of Memory Error: failed to offload data block of size 256.0 KiB (0 bytes used).\n"
            "This limit was set by the 'max_temp_directory_size' setting.",
            "",
        ),
    ],
)
def test_the_engine_on_a_full_disk_is_put_in_words(said: str, where: str) -> None:
    assert explain(said) == (
        f"The disk{where} is full. Free some space, or keep fewer publications "
        "(TRIBUTARY_KEEP_PUBLICATIONS), and run again."
    )
