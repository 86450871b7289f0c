"""What is published is the marts of a build, whole; another takes its place all at once."""

import os
import shutil
import signal
from collections.abc import Callable, Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tributary.publish.candidate import CandidateError, damaged_file, make_candidate
from tributary.publish.manifest import Manifest, read_manifest
from tributary.publish.places import Places
from tributary.publish.publication import (
    Publication,
    PublicationError,
    prune,
    publications,
    publish,
    roll_back,
    served,
    served_name,
    sweep,
)
from tributary.settings import Settings, resolve

RUNS = ("20260101T000000Z", "20260102T000000Z", "20260103T000000Z")
A_FEW = ("advertiser_daily", "revenue_daily")
"""Marts enough for what is about folders and links."""


@pytest.fixture
def settings(built_warehouse: Path, tmp_path: Path) -> Settings:
    """A warehouse that has built the seeds and published nothing."""
    shutil.copy(built_warehouse, tmp_path / "build.duckdb")
    return resolve(warehouse=tmp_path)


@pytest.fixture
def places(settings: Settings) -> Places:
    return Places(settings.warehouse)


def marts_of(database: Path) -> list[str]:
    with duckdb.connect(str(database), read_only=True) as connection:
        found = connection.execute(
            "select table_name from duckdb_tables() where schema_name in ('main', 'marts') "
            "order by table_name"
        ).fetchall()
    return [str(name) for (name,) in found]


def published(settings: Settings, run_id: str, marts: Iterable[str] = A_FEW) -> Publication:
    places = Places(settings.warehouse)
    folder = places.candidate(run_id)
    manifest = make_candidate(settings, marts, folder, run_id)
    return publish(places, folder, manifest)


def test_every_mart_is_published_row_for_row_as_table_and_as_parquet(
    settings: Settings, places: Places
) -> None:
    names = marts_of(settings.build_database)
    published(settings, RUNS[0], names)
    assert marts_of(places.served_database) == names
    assert len(names) >= 13
    with duckdb.connect() as connection:
        connection.execute(f"attach '{settings.build_database}' as build (read_only)")
        connection.execute(f"attach '{places.served_database}' as served (read_only)")
        for name in names:
            built = f"select * from build.marts.{name}"
            for copy in (
                f"select * from served.{name}",
                f"select * from '{places.served_tables}/{name}/*.parquet'",
            ):
                for one, other in ((built, copy), (copy, built)):
                    differing = connection.execute(f"({one}) except all ({other})").fetchall()
                    assert differing == [], (name, copy)


def test_descriptions_of_tables_and_columns_are_published(
    settings: Settings, places: Places
) -> None:
    published(settings, RUNS[0], marts_of(settings.build_database))
    of_columns = "select count(*), count(comment) from duckdb_columns() where not internal"
    of_tables = "select count(*), count(comment) from duckdb_tables() where schema_name = 'main'"
    with duckdb.connect(str(places.served_database), read_only=True) as connection:
        for query in (of_columns, of_tables):
            every, described = connection.execute(query).fetchone() or (0, -1)
            assert every == described > 0


def test_the_manifest_says_what_was_published_and_from_what(settings: Settings) -> None:
    names = marts_of(settings.build_database)
    publication = published(settings, RUNS[0], names)
    manifest = read_manifest(publication.folder)
    assert manifest == publication.manifest
    assert (manifest.revenue, manifest.currency) == (Decimal("3155.828562"), "CNY")
    assert (str(manifest.first_day), str(manifest.last_day)) == ("2026-10-19", "2026-11-15")
    assert manifest.tables["revenue_daily"].rows == 168
    assert {part.event_table: part.bytes for part in manifest.inputs} == {
        file.stem: file.stat().st_size
        for file in (settings.project / "seeds" / "events").glob("*.csv")
    }
    assert manifest.code.models
    assert sorted(manifest.tables) == names
    assert len(manifest.files) == 1 + len(names)
    assert damaged_file(publication.folder, manifest) is None


def test_an_input_that_changes_has_another_fingerprint(settings: Settings) -> None:
    first = published(settings, RUNS[0]).manifest
    with duckdb.connect(str(settings.build_database)) as connection:
        connection.execute("update state.landed_files set bytes = bytes + 1 where path like '%cl%'")
    second = published(settings, RUNS[1]).manifest
    changed = {
        new.event_table
        for old, new in zip(first.inputs, second.inputs, strict=True)
        if old.fingerprint != new.fingerprint
    }
    assert changed == {"clicks"}


def test_a_mart_that_was_not_built_is_no_candidate(settings: Settings, places: Places) -> None:
    with pytest.raises(CandidateError, match="no_such_mart"):
        make_candidate(settings, ["no_such_mart"], places.candidate(RUNS[0]), RUNS[0])
    assert served(places) is None


def test_rolling_back_serves_what_was_served_before(settings: Settings, places: Places) -> None:
    for run_id in RUNS:
        published(settings, run_id)
    assert [one.manifest.run_id for one in publications(places)] == list(reversed(RUNS))
    assert roll_back(places).manifest.run_id == RUNS[1]
    assert roll_back(places).manifest.run_id == RUNS[0]
    with pytest.raises(PublicationError, match="no earlier publication"):
        roll_back(places)
    assert roll_back(places, RUNS[2]).manifest.run_id == RUNS[2]
    now = served(places)
    assert now is not None
    assert now.manifest.run_id == RUNS[2]
    assert places.served_database.resolve().parent == places.publication(RUNS[2]).resolve()
    with pytest.raises(PublicationError, match="is the one that is served"):
        roll_back(places, RUNS[2])
    with pytest.raises(PublicationError, match=f"These are: {RUNS[2]}"):
        roll_back(places, "yesterday")


def test_a_damaged_publication_is_not_served_again(settings: Settings, places: Places) -> None:
    first = published(settings, RUNS[0])
    published(settings, RUNS[1])
    file = first.folder / "marts" / "revenue_daily" / "revenue_daily.parquet"
    whole = file.read_bytes()
    file.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(PublicationError, match=r"revenue_daily\.parquet is not what was published"):
        roll_back(places)
    now = served(places)
    assert now is not None
    assert now.manifest.run_id == RUNS[1]


def test_the_newest_are_kept_and_the_served_one_always(settings: Settings, places: Places) -> None:
    for run_id in RUNS:
        published(settings, run_id)
    roll_back(places, RUNS[0])
    assert prune(places, keep=1) == [RUNS[1]]
    assert [one.manifest.run_id for one in publications(places)] == [RUNS[2], RUNS[0]]


def listed(folder: Path) -> dict[str, str]:
    """Everything in a folder but the candidates, by name, and where each link leads."""
    return {
        str(path.relative_to(folder)): str(path.readlink()) if path.is_symlink() else ""
        for path in folder.rglob("*")
        if ".candidate-" not in str(path)
    }


@pytest.mark.parametrize("name", ["marts.duckdb", "marts", "publications/current"])
@pytest.mark.parametrize("is_folder", [True, False])
def test_what_is_no_link_where_one_belongs_stays_and_nothing_is_changed(
    settings: Settings, places: Places, name: str, is_folder: bool
) -> None:
    for run_id in RUNS[:2]:
        published(settings, run_id)
    place = places.warehouse / name
    place.unlink()
    if is_folder:
        place.mkdir()
        (place / "precious.txt").write_text("mine")
    else:
        place.write_text("mine")
    before = listed(places.warehouse)
    with pytest.raises(PublicationError, match="Move it away"):
        published(settings, RUNS[2])
    with pytest.raises(PublicationError, match="Move it away"):
        roll_back(places, RUNS[0])
    assert listed(places.warehouse) == before


@pytest.mark.parametrize("link", [".marts.duckdb.new", ".marts.new", ".current.new"])
def test_what_fails_on_the_way_has_changed_nothing_that_readers_see(
    settings: Settings, places: Places, monkeypatch: pytest.MonkeyPatch, link: str
) -> None:
    published(settings, RUNS[0])
    for outer in (places.served_database, places.served_tables):
        outer.unlink()
        outer.symlink_to(places.publication(RUNS[0]) / outer.name)
    replace = Path.replace

    def fail(path: Path, target: Path) -> Path:
        if path.name == link:
            raise OSError("The disk is gone.")
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="The disk is gone"):
        published(settings, RUNS[1])
    assert served_id(places) == RUNS[0]
    for outer in (places.served_database, places.served_tables):
        assert outer.resolve().parent == places.publication(RUNS[0]).resolve()
    assert not [name for name in listed(places.warehouse) if name.endswith(".new")]


def test_a_bare_rollback_passes_over_what_readers_never_saw(
    settings: Settings, places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    published(settings, RUNS[0])
    with monkeypatch.context() as broken:
        broken.setattr("tributary.publish.publication._serve", killed)
        with pytest.raises(KeyboardInterrupt):
            published(settings, RUNS[1])
    published(settings, RUNS[2])
    seen = {one.manifest.run_id: one.was_served for one in publications(places)}
    assert seen == {RUNS[0]: True, RUNS[1]: False, RUNS[2]: True}
    assert roll_back(places).manifest.run_id == RUNS[0]
    assert roll_back(places, RUNS[1]).was_served
    published(settings, "20260104T000000Z")
    assert roll_back(places, RUNS[2]).manifest.run_id == RUNS[2]
    assert roll_back(places).manifest.run_id == RUNS[1]


def test_what_readers_never_saw_takes_no_place_of_what_they_saw(
    settings: Settings, places: Places
) -> None:
    for run_id in RUNS:
        published(settings, run_id)
    (places.publication(RUNS[1]) / "unseen").touch()
    assert prune(places, keep=2) == []
    assert prune(places, keep=1) == [RUNS[1], RUNS[0]]


def test_a_served_publication_without_its_manifest_can_be_left(
    settings: Settings, places: Places
) -> None:
    for run_id in RUNS:
        published(settings, run_id)
    roll_back(places)
    shutil.rmtree(places.publication(RUNS[1]))
    assert (served(places), served_name(places)) == (None, RUNS[1])
    assert roll_back(places).manifest.run_id == RUNS[0]


def test_what_cannot_be_deleted_is_in_nobodys_way(
    settings: Settings, places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    for run_id in RUNS[:2]:
        published(settings, run_id)
    (places.publications / ".current.new").symlink_to("nowhere")
    with monkeypatch.context() as stuck:
        stuck.setattr(os, "rmdir", refuse)
        assert prune(places, keep=1) == [RUNS[0]]
        assert sweep(places) == [places.candidate(RUNS[0])]
        published(settings, RUNS[2])
        stuck.setattr(Path, "rename", refuse)
        assert prune(places, keep=1) == []
    assert roll_back(places).manifest.run_id == RUNS[1]
    assert sweep(places) == []
    assert not [path for path in places.publications.iterdir() if path.name.startswith(".")]


def killed(*_: object) -> None:
    raise KeyboardInterrupt


def refuse(*_: object, **__: object) -> None:
    raise PermissionError("It is not yours.")


def publish_until(places: Places, candidate: Path, manifest: Manifest, last_call: int) -> int:
    """Publish in a process that is killed at the n-th call that touches the folder.

    Returns:
        How it ended: 0, or minus the signal.
    """
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    calls = 0

    def counted(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == last_call:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*arguments, **named)

        return call

    try:
        for name in ("rename", "replace", "symlink", "unlink", "fsync", "open"):
            setattr(os, name, counted(getattr(os, name)))
        publish(places, candidate, manifest)
        os._exit(0)
    except BaseException:
        os._exit(3)


def test_a_kill_at_any_moment_of_the_publication_leaves_one_whole(
    settings: Settings, places: Places, tmp_path: Path
) -> None:
    old = published(settings, RUNS[0])
    spare = tmp_path / "spare"
    manifest = make_candidate(settings, A_FEW, spare, RUNS[1])
    killed, point, ended = 0, 0, False
    while not ended:
        point += 1
        sweep(places)
        shutil.rmtree(places.publication(RUNS[1]), ignore_errors=True)
        shutil.copytree(spare, places.candidate(RUNS[1]))
        if served_id(places) != RUNS[0]:
            roll_back(places, RUNS[0])
        outcome = publish_until(places, places.candidate(RUNS[1]), manifest, point)
        ended = outcome == 0
        assert ended or outcome == -signal.SIGKILL, outcome
        killed += not ended
        now = served(places)
        assert now is not None, point
        assert damaged_file(now.folder, now.manifest) is None
        assert now.manifest.run_id in RUNS[:2]
        assert marts_of(places.served_database) == list(A_FEW)
        assert {path.name for path in places.served_tables.iterdir()} == set(A_FEW)
    assert served_id(places) == RUNS[1]
    assert killed >= 20
    assert old.folder.is_dir()


def served_id(places: Places) -> str | None:
    now = served(places)
    return now.manifest.run_id if now else None


def test_readers_keep_what_they_opened_while_others_are_published(
    settings: Settings, places: Places
) -> None:
    published(settings, RUNS[0])
    with duckdb.connect(str(places.served_database), read_only=True) as connection:
        inode = places.served_database.stat().st_ino
        for run_id in RUNS[1:]:
            published(settings, run_id)
        prune(places, keep=1)
        assert places.served_database.stat().st_ino != inode
        rows = connection.execute("select count(*) from marts.revenue_daily").fetchone()
    assert rows == (168,)
