"""Whatever happens to a run, readers see the last publication whole, and the next run is right."""

import os
import shutil
import subprocess
from pathlib import Path

import duckdb
import pytest
from platforms import deliver, simulated
from small_disk import small_disk
from test_rebuilds import contents
from warm import ONLY_MODELS, kill_in, last_report, run, start

from tributary.publish.candidate import damaged_file
from tributary.publish.places import Places
from tributary.publish.publication import served
from tributary.publish.reports import Ending, Stage
from tributary.words import REFUSED

SIMULATED = ("--format", "parquet", "--clean", "--days", "6", "--requests-per-day", "60")
FIRST_DAYS = 4
KILLS_IN_A_BUILD = 8
KILLS_AFTER_IT = (
    (Stage.export, 0.0),
    (Stage.export, 0.3),
    (Stage.export, 1.5),
    (Stage.publish, 0.0),
)
"""The audit follows the export in the same folder, so that a later kill hits it."""
LEAST_KILLS = 10
"""Beside those at every file operation of the publication, in test_publication.py."""
Rows = dict[str, list[tuple[object, ...]]]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All that the platform ever delivers."""
    return simulated(tmp_path_factory.mktemp("whole") / "platform", *SIMULATED)


@pytest.fixture(scope="module")
def first_run(whole: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The platform after some days, and a warehouse that has published them."""
    folder = tmp_path_factory.mktemp("first")
    events = deliver(whole, folder / "platform", FIRST_DAYS)
    # The second, which finds nothing new, says how long a build takes that dbt need not parse for.
    assert run(events, folder / "warehouse", *ONLY_MODELS) == 0
    assert run(events, folder / "warehouse", *ONLY_MODELS) == 0
    return events, folder / "warehouse"


@pytest.fixture
def platform(first_run: tuple[Path, Path], whole: Path, tmp_path: Path) -> tuple[Path, Places]:
    """The same, of a test's own, with one more day delivered."""
    events, warehouse = (tmp_path / folder.name for folder in first_run)
    shutil.copytree(first_run[0], events)
    shutil.copytree(first_run[1], warehouse, symlinks=True)
    deliver(whole, events, FIRST_DAYS + 1)
    return events, Places(warehouse)


@pytest.fixture(scope="module")
def right(whole: Path, tmp_path_factory: pytest.TempPathFactory) -> Rows:
    """What a run on that platform has to publish."""
    folder = tmp_path_factory.mktemp("right")
    events = deliver(whole, folder / "platform", FIRST_DAYS + 1)
    return rows_without_trouble(events, folder / "warehouse")


def seen_by_readers(places: Places) -> str:
    """Which publication they see; every file of it is what was published, and opens."""
    now = served(places)
    assert now is not None
    assert damaged_file(now.folder, now.manifest) is None
    with duckdb.connect(str(places.served_database), read_only=True) as connection:
        for table, described in now.manifest.tables.items():
            for source in (table, f"'{places.served_tables / table}/*.parquet'"):
                counted = connection.execute(f"select count(*) from {source}").fetchone()
                assert counted == (described.rows,)
    return now.manifest.run_id


def published_rows(places: Places) -> Rows:
    return contents(places.served_database.resolve(), "main")


def rows_without_trouble(events: Path, fresh: Path) -> Rows:
    """What a warehouse publishes that saw nothing but these events."""
    assert run(events, fresh, *ONLY_MODELS) == 0
    return published_rows(Places(fresh))


def test_a_run_that_is_killed_anywhere_changes_nothing_and_the_next_is_right(
    platform: tuple[Path, Places], right: Rows
) -> None:
    events, places = platform
    build_s = last_report(places).seconds[Stage.build]
    in_build = [
        (Stage.build, build_s * (part + 0.5) / KILLS_IN_A_BUILD) for part in range(KILLS_IN_A_BUILD)
    ]
    killed = 0
    for stage, after_s in (*in_build, *KILLS_AFTER_IT):
        before = seen_by_readers(places)
        killed += kill_in(start(events, places.warehouse, *ONLY_MODELS), places, stage, after_s)
        assert seen_by_readers(places) in (before, last_report(places).run_id)
    assert run(events, places.warehouse, *ONLY_MODELS) == 0
    assert last_report(places).ending is Ending.published
    assert seen_by_readers(places) == last_report(places).run_id
    assert published_rows(places) == right
    assert killed >= LEAST_KILLS
    assert places.candidates() == []


@pytest.mark.parametrize("part", [0, 0.7])
def test_a_damaged_build_database_is_made_again(
    platform: tuple[Path, Places], right: Rows, part: float
) -> None:
    events, places = platform
    size = places.build_database.stat().st_size
    with places.build_database.open("r+b") as file:
        file.seek(int(size * part))
        file.write(os.urandom(64 * 1024))
    assert run(events, places.warehouse, *ONLY_MODELS) == 0
    report = last_report(places)
    assert seen_by_readers(places) == report.run_id
    if part == 0:
        assert "build database" in {finding.name for finding in report.findings}
    assert published_rows(places) == right


def test_a_damaged_input_is_named_and_what_is_published_stays(
    platform: tuple[Path, Places], right: Rows
) -> None:
    events, places = platform
    before = seen_by_readers(places)
    file = max((events / "events" / "clicks").rglob("*.parquet"))
    whole = file.read_bytes()
    for damaged in (b"", whole[: len(whole) // 2], b"PAR1" + os.urandom(len(whole) - 4)):
        file.write_bytes(damaged)
        assert run(events, places.warehouse, *ONLY_MODELS) in (1, 2)
        report = last_report(places)
        assert file.name in report.summary, report.summary
        assert seen_by_readers(places) == before
    file.write_bytes(whole)
    assert run(events, places.warehouse, *ONLY_MODELS) == 0
    assert published_rows(places) == right


def test_a_full_disk_is_said_and_what_is_published_stays(
    platform: tuple[Path, Places], right: Rows, tmp_path: Path
) -> None:
    events, places = platform
    built = sum(file.stat().st_size for file in places.warehouse.rglob("*") if file.is_file())
    with small_disk(tmp_path / "disk", 64 + 2 * (built >> 20)) as disk:
        full = Places(disk / "warehouse")
        shutil.copytree(places.warehouse, full.warehouse, symlinks=True)
        before = seen_by_readers(full)
        ballast = disk / "ballast"
        for free in (0, 1 << 16, 1 << 20, 3 << 20):
            with ballast.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(disk).free - free)
            assert run(events, full.warehouse, *ONLY_MODELS) in (1, 2, 3, 5)
            assert seen_by_readers(full) == before
            report = last_report(full)
            if free >= 1 << 20:
                assert report.ending in (Ending.failed, Ending.refused)
                assert "is full. Free some space" in report.summary, report.summary
            ballast.unlink()
        assert run(events, full.warehouse, *ONLY_MODELS) == 0
        assert published_rows(full) == right


def test_a_warehouse_that_cannot_be_written_is_said_and_can_be_read(
    platform: tuple[Path, Places], tmp_path: Path
) -> None:
    events, places = platform
    with small_disk(tmp_path / "disk", 512) as disk:
        sealed = Places(disk / "warehouse")
        shutil.copytree(places.warehouse, sealed.warehouse, symlinks=True)
        before = seen_by_readers(sealed)
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        assert run(events, sealed.warehouse) == REFUSED
        assert seen_by_readers(sealed) == before
        subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
        assert run(events, sealed.warehouse, *ONLY_MODELS) == 0
        assert seen_by_readers(sealed) == last_report(sealed).run_id
