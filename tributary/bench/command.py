"""The command `tributary bench`."""

import importlib.util
import json
import os
import platform
import shutil
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Column, Table

from tributary.disk import is_full
from tributary.settings import DEFAULT_MEMORY, MEMORY_LIMIT, find_project
from tributary.simulate.settings import Settings

DAYS = 28
HISTORIES = (7, 30, 90, 365)
MORE_DAYS = 3
FULL_HISTORY = 90
"""The first of them that fills the windows of attribution, and most of those of explanations: what
a longer one costs beyond it is the history itself."""
DAY_PARTS = {"kept": "day", "explanations": "explanations"}
"""What of the build is measured of one more day, each in a run of its own, and its name among the
figures."""
COSTS = {"wall_s": "s", "cpu_s": "cpu_s", "peak_mb": "peak_mb", "read_mb": "read_mb"}
BUILD_ON_SPARK = "build-on-spark"
PEERS = {"polars": "polars", "chdb": "chdb", "spark": "pyspark", BUILD_ON_SPARK: "pyspark"}
# Nothing that one log lacks, but rows that come twice, late, corrected and withdrawn.
SHARES = (
    "--duplicates",
    "0.003",
    "--late",
    "0.002",
    "--corrections",
    "0.001",
    "--withdrawals",
    "0.002",
)


_UNITS = {"k": 1_000, "m": 1_000_000}


class Size(StrEnum):
    """How many requests, with about five impressions each."""

    tiny = "2k"
    small = "1m"
    middle = "10m"
    large = "50m"

    @property
    def requests(self) -> int:
        """The number itself."""
        return int(self.value[:-1]) * _UNITS[self.value[-1]]


def bench(
    requests: Annotated[Size, typer.Option(help="Size of the event set.")] = Size.small,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write every figure to this file.")
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option(help="Where event sets are made, once, and kept [default: benchmarks/data]."),
    ] = None,
    peers: Annotated[
        str,
        typer.Option(
            help="Other engines to run: all that are installed, none, or a list; build-on-spark, "
            "the project's own models on Spark, only where it is named."
        ),
    ] = "all",
    patience: Annotated[
        float,
        typer.Option(
            min=0.1,
            help="End a peer, or the floor of one statement a mart, after so many times the "
            "build's seconds.",
        ),
    ] = 5,
    history: Annotated[
        bool, typer.Option(help="Measure one more day on 7, 30, 90 and 365 days of history.")
    ] = True,
) -> None:
    """Measure the build against the engine's floor, other engines, and its own history.

    The floor is one hand-written DuckDB statement a mart, from the Parquet files; the sterner,
    shared floor makes what the marts have in common once. Each is a process of its own with 2
    threads; each must give the numbers of the marts, or the command fails.
    """
    from tributary.bench.measure import WorkError

    console = Console()
    if json_file and not json_file.resolve().parent.is_dir():
        raise typer.BadParameter(f"There is no folder {json_file.resolve().parent} for --json.")
    project = find_project(Path.cwd())
    run = _Run(project, (folder or project / "benchmarks" / "data").resolve(), requests, console)
    try:
        figures = run.everything(_chosen(peers), patience, history)
    except WorkError as failed:
        console.print(f"[bold red]Stopped.[/] {failed}", highlight=False, soft_wrap=True)
        raise typer.Exit(1) from failed
    _show(console, figures)
    if json_file:
        json_file.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    wrong = [name for name, part in figures["engines"].items() if any(part["differences"].values())]
    if wrong:
        console.print(f"[bold red]Not the numbers of the marts:[/] {', '.join(wrong)}.")
        raise typer.Exit(1)


def _chosen(peers: str) -> list[str]:
    if not peers.strip(" ,"):
        raise typer.BadParameter(f"Name engines of {', '.join(PEERS)}, or all, or none.")
    named = [name for name in peers.split(",") if name and name != "none"]
    names = [name for name in PEERS if name != BUILD_ON_SPARK] if peers == "all" else named
    unknown = set(names) - set(PEERS)
    if unknown:
        raise typer.BadParameter(f"No engine {', '.join(sorted(unknown))}: {', '.join(PEERS)}.")
    missing = [name for name in names if importlib.util.find_spec(PEERS[name]) is None]
    if missing and peers != "all":
        raise typer.BadParameter(f"{', '.join(missing)} is not installed: uv sync --all-extras.")
    return [name for name in names if name not in missing]


class _Run:
    """One benchmark: its event sets, its scratch folder, its figures."""

    def __init__(self, project: Path, folder: Path, size: Size, console: Console) -> None:
        self._project = project
        self._folder = folder
        self._size = size
        self._console = console
        self._scratch = folder / "scratch"

    def everything(self, peers: list[str], patience: float, history: bool) -> dict[str, Any]:
        """Every figure, as it goes to the JSON file."""
        from tributary.bench.compare import differences
        from tributary.bench.measure import WorkError, most_memory_mb

        events = self._event_set(DAYS)
        # At the same place, so that dbt need not read the project once more.
        with self._place("build") as warehouse:
            part = ("--part", "compared")
            of_six = self._work("build", events, warehouse, *part, name="build of six")
        with self._place("build") as warehouse:
            build = self._work("build", events, warehouse)
            engines: dict[str, dict[str, Any]] = {}
            failed: dict[str, str] = {}
            # The shared floor, which the rest is held against, has none.
            most_s = patience * build["wall_s"]
            limits: dict[str, tuple[float | None, ...]] = {
                "floor": (None, most_s),
                **dict.fromkeys(peers, (most_memory_mb(), most_s)),
            }
            for engine in ("floor", "floor-shared", *peers):
                with self._place(engine) as out:
                    try:
                        cost = self._work(engine, events, out, limits=limits.get(engine, ()))
                    except WorkError as error:
                        if engine == "floor-shared" or (
                            engine == "floor" and not _wants_too_much(error)
                        ):
                            raise
                        failed[engine] = str(error)
                        self._console.print(f"{engine}: {error}", highlight=False, soft_wrap=True)
                        continue
                    differing = differences(warehouse / "build.duckdb", out)
                    engines[engine] = {**cost, "differences": differing}
                    self._console.print(f"{engine}: {_verdict(differing)}", highlight=False)
        # Where one statement a mart wants more than the machine has, or than anyone would wait for,
        # the other stands for both.
        floor = engines.get("floor", engines["floor-shared"])
        figures = {
            "requests": self._size.requests,
            "machine": f"{platform.machine()}, {os.cpu_count()} cores",
            "memory_limit": os.environ.get(MEMORY_LIMIT, DEFAULT_MEMORY),
            "floor_s": floor["wall_s"],
            "floor_cpu_s": floor["cpu_s"],
            "floor_shared_s": engines["floor-shared"]["wall_s"],
            "floor_shared_cpu_s": engines["floor-shared"]["cpu_s"],
            "build_s": build["wall_s"],
            "build_cpu_s": build["cpu_s"],
            "build_read_mb": build["read_mb"],
            "peak_mb": build["peak_mb"],
            "build_of_six": of_six,
            "build_over_floor": round(build["wall_s"] / floor["wall_s"], 2),
            "build_over_floor_cpu": round(build["cpu_s"] / floor["cpu_s"], 2),
            "build_over_floor_shared": round(
                build["wall_s"] / engines["floor-shared"]["wall_s"], 2
            ),
            "engines": engines,
            "peers": {name: engines[name] for name in peers if name in engines},
            "failed": failed,
        }
        return figures | (self._days_on_histories() if history else {})

    def _days_on_histories(self) -> dict[str, Any]:
        """The same three days on longer and longer histories before them, and their median.

        Explanations are measured apart: a week has no more than the least of them, for they hold a
        day against those of nine weeks before.
        """
        whole = self._event_set(HISTORIES[-1] + MORE_DAYS)
        figures: dict[str, Any] = {}
        for days in HISTORIES:
            with self._place("history") as place:
                events, warehouse = place / "platform", place / "warehouse"
                warehouse.mkdir()
                shutil.copytree(whole / "reference", events / "reference")
                # What comes later than the lookback is built where it is asked for.
                span = _deliver(whole, events, HISTORIES[-1] - days, HISTORIES[-1])
                self._work("build", events, warehouse, "--first", span[0], "--last", span[1])
                costs: dict[str, list[dict[str, Any]]] = {part: [] for part in DAY_PARTS}
                for day in range(HISTORIES[-1], HISTORIES[-1] + MORE_DAYS):
                    _deliver(whole, events, day, day + 1)
                    for part, of_days in costs.items():
                        of_days.append(self._work("build", events, warehouse, "--part", part))
                nothing_waits(warehouse)
                for part, name in DAY_PARTS.items():
                    for cost, suffix in COSTS.items():
                        median = statistics.median(of_day[cost] for of_day in costs[part])
                        figures[f"{name}_on_{days}_{suffix}"] = round(median, 2)
                if days == HISTORIES[-1]:
                    figures |= self._without_news(events, warehouse)
        figures["day_requests"] = self._size.requests // (HISTORIES[-1] + MORE_DAYS)
        return figures | day_ratios(figures)

    def _without_news(self, events: Path, warehouse: Path) -> dict[str, float]:
        """What a run costs that finds nothing new, and of that dbt's start."""
        from tributary.bench.measure import START_FILE

        unchanged = self._work("build", events, warehouse)
        self._work("start", events, warehouse)
        started = json.loads((warehouse / START_FILE).read_text("utf-8"))
        return {"no_change_s": unchanged["wall_s"], "no_change_cpu_s": unchanged["cpu_s"]} | {
            f"dbt_start_{name}_cpu_s": seconds for name, seconds in started.items()
        }

    def _event_set(self, days: int) -> Path:
        """The event set over so many days, made where it is not there."""
        start = first_day(days)
        target = self._folder / f"{self._size.value}_over_{days}_days_from_{start}"
        if not (target / "truth.json").is_file():
            daily = str(round(self._size.requests / days))
            with self._place("simulate") as place:
                arguments = ["tributary", "simulate", "--format", "parquet", "--clean", *SHARES]
                made = ["--days", str(days), "--requests-per-day", daily, "--out", str(target)]
                from_day = ["--start-date", str(start)]
                self._measured("simulate", [*arguments, *made, *from_day], place)
        return target

    def _work(
        self,
        task: str,
        events: Path,
        out: Path,
        *more: str,
        limits: tuple[float | None, ...] = (),
        name: str | None = None,
    ) -> dict[str, Any]:
        arguments = ["tributary.bench.worker", task, "--events", str(events), "--out", str(out)]
        return self._measured(name or task, [*arguments, *more], out, *limits)

    def _measured(
        self, name: str, arguments: list[str], place: Path, *limits: float | None
    ) -> dict[str, Any]:
        from tributary.bench.measure import measure

        with self._console.status(f"{name} …"):
            cost = asdict(measure(arguments, place, *limits))
        self._console.print(
            f"{name}: {cost['wall_s']} s, {cost['cpu_s']} CPU s, peak {cost['peak_mb']:,.0f} MB",
            highlight=False,
        )
        return cost

    @contextmanager
    def _place(self, name: str) -> Iterator[Path]:
        """An empty folder that is gone afterwards."""
        place = self._scratch / name
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        try:
            yield place
        finally:
            shutil.rmtree(place, ignore_errors=True)


def first_day(days: int) -> date:
    """The day on which so many days begin, to end no later than the seeds do.

    A run holds back what arrives ahead of the calendar: none of a year that is still to come.
    """
    usual = Settings()
    return min(usual.start_date, usual.last_date - timedelta(days=days - 1))


def day_ratios(figures: dict[str, Any]) -> dict[str, float]:
    """What one more day costs on the longest history over what it costs on shorter ones.

    Once without explanations, and once with them: the two runs together, in which dbt starts twice.
    """
    ratios = {}
    for shorter in (HISTORIES[0], FULL_HISTORY):
        for cost, suffix in (("s", ""), ("cpu_s", "_cpu")):
            longest, other = (
                [figures[f"{name}_on_{days}_{cost}"] for name in DAY_PARTS.values()]
                for days in (HISTORIES[-1], shorter)
            )
            over = f"{HISTORIES[-1]}_over_{shorter}{suffix}"
            ratios[f"day_on_{over}"] = round(longest[0] / other[0], 2)
            ratios[f"explained_day_on_{over}"] = round(sum(longest) / sum(other), 2)
    return ratios


def _wants_too_much(error: Exception) -> bool:
    from tributary.bench.measure import EndedError

    return isinstance(error, EndedError) or is_full(error) or "Out of Memory" in str(error)


def _verdict(differing: dict[str, int]) -> str:
    """Whether an engine gave the numbers of the marts, as soon as it has."""
    named = [f"{rows:,} rows of {mart}" for mart, rows in differing.items() if rows]
    return f"differs in {', '.join(named)}" if named else "the numbers of the marts"


def _deliver(whole: Path, events: Path, first: int, end: int) -> tuple[str, str]:
    """Give a platform the files of some simulated days, by hard links.

    Returns:
        The first and the last of the landed days that have them.
    """
    landed = set()
    for day in range(first, end):
        for file in (whole / "events").rglob(f"part-{day:04d}*.parquet"):
            target = events / file.relative_to(whole)
            target.parent.mkdir(parents=True, exist_ok=True)
            os.link(file, target)
            landed.add(target.parent.name.removeprefix("dt="))
    return min(landed), max(landed)


def nothing_waits(warehouse: Path) -> None:
    """What is not built costs nothing: a history of which a part was left alone is none.

    Raises:
        WorkError: days of it wait to be asked for.
    """
    import duckdb

    from tributary.bench.measure import WorkError

    with duckdb.connect(str(warehouse / "build.duckdb"), read_only=True) as connection:
        waiting = connection.execute(
            "select count(*) from marts.late_arrivals where is_waiting"
        ).fetchone()
    if waiting and waiting[0]:
        raise WorkError(f"{waiting[0]} days of the history were left alone as too late.")


def _show(console: Console, figures: dict[str, Any]) -> None:
    build = {
        "wall_s": figures["build_s"],
        "cpu_s": figures["build_cpu_s"],
        "peak_mb": figures["peak_mb"],
        "read_mb": figures["build_read_mb"],
    }
    table = Table(
        Column(no_wrap=True),
        "wall s",
        "CPU s",
        "peak MB",
        "read MB",
        "wall / floor",
        "CPU / floor",
        box=SIMPLE_HEAD,
        title=f"{figures['requests']:,} requests to six marts",
        title_justify="left",
    )
    builds = {"build": build, "build of six": figures["build_of_six"]}
    for name, cost in {**builds, **figures["engines"]}.items():
        table.add_row(
            name,
            *(f"{cost[key]:,.1f}" for key in ("wall_s", "cpu_s", "peak_mb", "read_mb")),
            f"{cost['wall_s'] / figures['floor_s']:.2f}",
            f"{cost['cpu_s'] / figures['floor_cpu_s']:.2f}",
        )
    console.print(table)
    for name, reason in figures["failed"].items():
        console.print(f"[bold]{name}[/] did not finish: {reason}", highlight=False, soft_wrap=True)
    if "no_change_s" in figures:
        days = Table(
            "one more day on",
            "wall s",
            "CPU s",
            "peak MB",
            "read MB",
            "explanations, CPU s",
            box=SIMPLE_HEAD,
            title=f"{figures['day_requests']:,} requests a day",
            title_justify="left",
        )
        for count in HISTORIES:
            keys = (
                *(f"day_on_{count}_{suffix}" for suffix in COSTS.values()),
                f"explanations_on_{count}_cpu_s",
            )
            days.add_row(f"{count} days", *(f"{figures[key]:,.1f}" for key in keys))
        days.add_row(
            "nothing new",
            f"{figures['no_change_s']:,.1f}",
            f"{figures['no_change_cpu_s']:,.1f}",
            *("", "", "with them"),
        )
        console.print(days)
        console.print(
            f"On {HISTORIES[-1]} days it takes "
            + " and ".join(
                f"{figures[f'day_on_{HISTORIES[-1]}_over_{shorter}_cpu']:.2f} times the CPU "
                f"seconds that it takes on {shorter} (with explanations "
                f"{figures[f'explained_day_on_{HISTORIES[-1]}_over_{shorter}_cpu']:.2f})"
                for shorter in (HISTORIES[0], FULL_HISTORY)
            )
            + ".",
            highlight=False,
            soft_wrap=True,
        )
        console.print(
            f"dbt starts in {figures['dbt_start_new_cpu_s']} CPU s, "
            f"again in the same process in {figures['dbt_start_again_cpu_s']} CPU s.",
            highlight=False,
        )
