"""The command `tributary bench-readers`: what readers feel while publications follow."""

import json
import multiprocessing
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from decimal import Decimal
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier, Event
from pathlib import Path
from typing import Annotated, Any

import duckdb
import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from tributary.publish.candidate import make_candidate
from tributary.publish.places import TABLES, Places
from tributary.publish.publication import prune, publications, publish
from tributary.settings import Settings, resolve

MARKED = {
    "revenue_daily": "revenue",
    "revenue_daily_by_segment": "revenue",
    "reconciliation_daily": "ledger_basis_revenue",
}
"""In each publication these columns hold nothing but its number: whoever sees two has seen two."""
_PAUSE_S = 0.5
_ENOUGH_S = 0.05
_START_S = 120
_NICE = 10
_MOST_MIXED = 5


@dataclass(frozen=True)
class Look:
    """What a reader saw once.

    Attributes:
        kind: how it read.
        seen: the least and the greatest number in the marked columns; equal, where it saw one
            publication.
        seconds: how long it took, without what it waited on purpose.
        error: what went wrong, or nothing.
    """

    kind: str
    seen: tuple[Decimal | None, Decimal | None]
    seconds: float
    error: str = ""


@dataclass(frozen=True)
class Watched:
    """What all readers saw in a time.

    Attributes:
        looks: every look.
    """

    looks: list[Look]

    @property
    def errors(self) -> list[str]:
        """What went wrong."""
        return [f"{look.kind}: {look.error}" for look in self.looks if look.error]

    @property
    def mixed(self) -> list[Look]:
        """Looks at more than one publication."""
        return [look for look in self.looks if not look.error and look.seen[0] != look.seen[1]]

    def p95_s(self, kind: str | None = None) -> float:
        """The latency that 19 of 20 looks stay below."""
        seconds = [look.seconds for look in self.looks if kind in (None, look.kind)]
        return statistics.quantiles(seconds, n=20)[-1]


def bench_readers(
    readers: Annotated[int, typer.Option(min=1, help="How many processes read.")] = 20,
    count: Annotated[
        int, typer.Option("--publications", min=1, help="How many publications follow.")
    ] = 20,
    warehouse: Annotated[
        Path | None, typer.Option(help="A warehouse that has been built; it is copied.")
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write every figure to this file.")
    ] = None,
) -> None:
    """Measure what readers of the published marts feel while publications follow one another.

    Each reader is a process that looks twice a second, in one of four ways. It prints the latency
    that 19 of 20 looks stay below, with nothing published meanwhile and with one publication after
    another, and fails where a reader met an error or saw two publications at once.
    """
    console = Console()
    given = resolve(warehouse=warehouse)
    if not given.build_database.is_file():
        console.print(f"[bold red]Refused.[/] {given.warehouse} has no build: tributary run.")
        raise typer.Exit(2)
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(given.build_database, folder)
        settings = resolve(warehouse=Path(folder))
        idle, busy = watch(settings, readers, count)
    listing = Table("way of reading", "looks", "idle p95", "busy p95", "ratio", box=SIMPLE_HEAD)
    for kind in (*WAYS, None):
        before, after = idle.p95_s(kind), busy.p95_s(kind)
        looks = sum(1 for look in busy.looks if kind in (None, look.kind))
        milliseconds = (f"{1000 * before:.1f} ms", f"{1000 * after:.1f} ms")
        listing.add_row(kind or "all", f"{looks:,}", *milliseconds, f"{after / before:.2f}")
    console.print(listing)
    console.print(f"{len(busy.errors)} errors, {len(busy.mixed)} mixed, {count} publications.")
    if json_file:
        figures = {
            "idle_p95_s": idle.p95_s(),
            "busy_p95_s": busy.p95_s(),
            "busy_over_idle": busy.p95_s() / idle.p95_s(),
            "looks": len(busy.looks),
            "errors": busy.errors,
            "mixed": [asdict(look) for look in busy.mixed],
        }
        json_file.write_text(json.dumps(figures, indent=2, default=str) + "\n", encoding="utf-8")
    if busy.errors or busy.mixed:
        for error in busy.errors[:_MOST_MIXED]:
            console.print(error, markup=False)
        raise typer.Exit(1)


def watch(settings: Settings, readers: int, count: int) -> tuple[Watched, Watched]:
    """Let readers read, first with nothing else going on, then through publications.

    Args:
        settings: of a warehouse with a build, whose marked columns are overwritten.
        readers: how many processes.
        count: how many publications.

    Returns:
        What was seen before the publications, and meanwhile; both took about as long.
    """
    publish_next(settings, 0)
    began = time.monotonic()
    publish_next(settings, 1)
    idle_s = (time.monotonic() - began + _ENOUGH_S) * count
    context = multiprocessing.get_context("spawn")
    idle_ended, ended = context.Event(), context.Event()
    all_there = context.Barrier(readers + 1)
    seen: Queue[tuple[bool, Look]] = context.Queue()
    ways = list(WAYS)
    processes = [
        context.Process(
            target=_read,
            args=(
                settings.warehouse,
                ways[at % len(ways)],
                at / readers * _PAUSE_S,
                all_there,
                idle_ended,
                ended,
                seen,
            ),
        )
        for at in range(readers)
    ]
    for process in processes:
        process.start()
    all_there.wait(_START_S)
    time.sleep(idle_s)
    idle_ended.set()
    publisher = context.Process(target=_publish, args=(settings, range(2, count + 2)))
    publisher.start()
    publisher.join()
    assert publisher.exitcode == 0, "The publisher failed; what it said is above."
    ended.set()
    looks: dict[bool, list[Look]] = {False: [], True: []}
    while any(process.is_alive() for process in processes) or not seen.empty():
        while not seen.empty():
            is_busy, look = seen.get()
            looks[is_busy].append(look)
        time.sleep(_ENOUGH_S)
    return Watched(looks[False]), Watched(looks[True])


def publish_next(settings: Settings, number: int) -> None:
    """Publish the build with a number in the marked columns."""
    with duckdb.connect(str(settings.build_database)) as connection:
        names = connection.execute(
            "select table_name from duckdb_tables() where schema_name = 'marts'"
        ).fetchall()
        for table, column in MARKED.items():
            connection.execute(f"update marts.{table} set {column} = {number}")
    places = Places(settings.warehouse)
    run_id = f"20260101T{number:06}Z"
    folder = places.candidate(run_id)
    manifest = make_candidate(settings, [str(name) for (name,) in names], folder, run_id)
    publish(places, folder, manifest)
    prune(places, settings.keep_publications)
    assert publications(places)[0].is_served


def _publish(settings: Settings, numbers: range) -> None:
    """As the guide's timer does it: whoever reads on the same machine goes before."""
    os.nice(_NICE)
    for number in numbers:
        publish_next(settings, number)
        time.sleep(_ENOUGH_S)


def _read(
    warehouse: Path,
    kind: str,
    begins_after_s: float,
    all_there: Barrier,
    idle_ended: Event,
    ended: Event,
    seen: "Queue[tuple[bool, Look]]",
) -> None:
    places = Places(warehouse)
    all_there.wait(_START_S)
    time.sleep(begins_after_s)
    while not ended.is_set():
        is_busy = idle_ended.is_set()
        try:
            numbers, seconds = WAYS[kind](places)
            look = Look(kind, (min(numbers), max(numbers)), seconds)
        except Exception as failed:
            look = Look(kind, (None, None), 0, f"{type(failed).__name__}: {failed}")
        seen.put((is_busy, look))
        time.sleep(_PAUSE_S)


def _query(column: str, source: str) -> str:
    return f"select min({column}) as least, max({column}) as greatest from {source}"


def _one_query(places: Places) -> tuple[list[Any], float]:
    """A dashboard that connects anew and asks one question of several tables."""
    began = time.perf_counter()
    whole = " union all ".join(_query(column, table) for table, column in MARKED.items())
    with duckdb.connect(str(places.served_database), True, {"threads": 1}) as connection:
        numbers = [number for row in connection.execute(whole).fetchall() for number in row]
    return numbers, time.perf_counter() - began


def _several_queries(places: Places) -> tuple[list[Any], float]:
    """An analyst who stays connected and thinks between two questions."""
    began = time.perf_counter()
    numbers: list[Any] = []
    with duckdb.connect(str(places.served_database), True, {"threads": 1}) as connection:
        for table, column in MARKED.items():
            numbers += connection.execute(_query(column, table)).fetchone() or ()
            time.sleep(_ENOUGH_S)
    return numbers, time.perf_counter() - began - _ENOUGH_S * len(MARKED)


def _parquet(places: Places) -> tuple[list[Any], float]:
    """Another engine, which follows the link once and reads files from where it led."""
    began = time.perf_counter()
    numbers = _numbers_of_files(places.served_tables.resolve())
    return numbers, time.perf_counter() - began


def _files(places: Places) -> tuple[list[Any], float]:
    """Whoever copies the files of one publication away, byte by byte, and reads them there."""
    began = time.perf_counter()
    folder = places.served_database.resolve().parent
    with tempfile.TemporaryDirectory() as copies:
        shutil.copytree(folder / TABLES, copies, dirs_exist_ok=True)
        numbers = _numbers_of_files(Path(copies))
    return numbers, time.perf_counter() - began


def _numbers_of_files(folder: Path) -> list[Any]:
    numbers: list[Any] = []
    with duckdb.connect(config={"threads": 1}) as connection:
        for table, column in MARKED.items():
            query = _query(column, f"'{folder / table}/*.parquet'")
            numbers += connection.execute(query).fetchone() or ()
    return numbers


WAYS: dict[str, Callable[[Places], tuple[list[Any], float]]] = {
    "one query": _one_query,
    "several queries": _several_queries,
    "Parquet": _parquet,
    "copied files": _files,
}
