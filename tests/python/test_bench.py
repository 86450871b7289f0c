"""The benchmark measures what it says, on work that gives the numbers of the marts."""

import json
import shutil
from collections.abc import Callable
from contextlib import nullcontext
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest
import typer
from conftest import Command
from one_path import at_one_path
from platforms import simulated
from rich.console import Console

from tributary.bench import worker
from tributary.bench.command import (
    COSTS,
    HISTORIES,
    PEERS,
    SHARES,
    Size,
    _show,
    bench,
    day_ratios,
    first_day,
    nothing_waits,
)
from tributary.bench.compare import differences
from tributary.bench.measure import Cost, EndedError, WorkError, measure, most_memory_mb
from tributary.bench.statements import MARTS, parts_of


def test_floor_and_peers_give_the_numbers_of_the_marts(
    tributary: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Its warehouses have a path of their own, and what dbt keeps of the project is of one path.
    monkeypatch.setenv("DBT_TARGET_PATH", str(tmp_path / "target"))
    figures_file = tmp_path / "figures.json"
    outcome = tributary(
        *("bench", "--requests", "2k", "--folder", tmp_path / "data", "--no-history"),
        *("--peers", "polars,chdb", "--json", figures_file),
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    figures = json.loads(figures_file.read_text())
    assert set(figures["peers"]) == {"polars", "chdb"}
    for engine, part in figures["engines"].items():
        assert part["differences"] == dict.fromkeys(MARTS, 0), engine
        assert part["wall_s"] > 0
        assert part["cpu_s"] > 0
        assert part["peak_mb"] > 20
        assert part["read_mb"] > 0.1
    assert figures["build_over_floor"] == pytest.approx(
        figures["build_s"] / figures["floor_s"], rel=0.02
    )
    assert figures["build_of_six"]["cpu_s"] > 0
    assert "build of six: " in outcome.stdout
    assert not (tmp_path / "data" / "scratch" / "build").exists()


def test_the_build_of_six_makes_the_marts_that_peers_make_and_no_other(tmp_path: Path) -> None:
    arguments = ("--clean", "--days", "2", "--requests-per-day", "20")
    warehouse = at_one_path(tmp_path / "warehouse")
    worker.build(simulated(tmp_path / "platform", *arguments), warehouse, part=worker.Part.compared)
    with duckdb.connect(str(warehouse / "build.duckdb"), read_only=True) as connection:
        made = connection.execute(
            "select table_name from duckdb_tables() where schema_name = 'marts' and "
            "estimated_size > 0"
        ).fetchall()
    assert {name for (name,) in made} == set(MARTS)


@pytest.mark.parametrize(
    ("engine", "bytes_at_a_time"),
    [(worker.floor_shared, "_PART_BYTES"), (worker.polars, "_POLARS_PART_BYTES")],
)
def test_the_marts_of_some_days_at_a_time_are_those_of_all(
    engine: Callable[[Path, Path], None],
    bytes_at_a_time: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    arguments = ("--format", "parquet", "--clean", "--days", "5", "--requests-per-day", "150")
    events = simulated(tmp_path / "platform", *arguments, *SHARES)
    made = []
    for part_bytes, parts in ((10**9, 1), (1, 7)):
        assert len(list(parts_of(events, part_bytes))) == parts
        monkeypatch.setattr(worker, bytes_at_a_time, part_bytes)
        out = tmp_path / str(parts)
        out.mkdir()
        engine(events, out)
        made.append(
            {
                mart: duckdb.execute(f"from '{out}/{mart}.parquet' order by all").fetchall()
                for mart in MARTS
            }
        )
    assert made[0] == made[1]
    assert all(made[0].values())


def test_no_history_goes_on_beyond_the_seeds() -> None:
    ends = {days: first_day(days) + timedelta(days=days - 1) for days in (7, 28, 29, 368)}
    assert ends == {7: date(2026, 10, 25)} | dict.fromkeys((28, 29, 368), date(2026, 11, 15))


@pytest.mark.parametrize(
    ("most_mb", "most_s", "said"),
    [(200, None, "more than 200 MB"), (None, 1, "more than 1 s"), (600, 1, "more than 1 s")],
)
def test_an_engine_that_takes_too_much_is_ended(
    most_mb: float | None, most_s: float | None, said: str, tmp_path: Path
) -> None:
    hundreds_of_mb = ["timeit", "-n", "1", "-s", "kept = b'x' * 400_000_000", "time.sleep(60)"]
    with pytest.raises(EndedError, match=said):
        measure(hundreds_of_mb, tmp_path, most_mb, most_s)


@pytest.mark.parametrize(
    ("lost", "said"),
    [
        ("polars", "any reason"),
        ("floor", "Out of Memory"),
        ("floor", "No space left"),
        ("floor", "ended after"),
        ("floor", "any other reason"),
        ("floor-shared", "Out of Memory"),
    ],
)
def test_what_cannot_is_said_and_without_the_shared_floor_there_is_none(
    lost: str,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def costs(arguments: list[str], folder: Path, *limits: float) -> Cost:
        of_peer, of_floor = (most_memory_mb(), 2 * 3), (None, 2 * 3)
        expected = {"floor": of_floor, **dict.fromkeys(PEERS, of_peer)}
        assert limits == expected.get(arguments[1], ())
        if arguments[1] == lost:
            raise (EndedError if said == "ended after" else WorkError)(f"{said}, and so on")
        return Cost(5 if arguments[1] == "floor-shared" else 3, 1, 1, 1)

    monkeypatch.setattr("tributary.bench.measure.measure", costs)
    monkeypatch.setattr("tributary.bench.compare.differences", lambda *_: {"revenue_daily": 0})
    figures_file = tmp_path / "figures.json"
    ends_all = lost == "floor-shared" or said == "any other reason"
    ended = pytest.raises(typer.Exit) if ends_all else nullcontext()
    with ended:
        bench(Size.tiny, figures_file, tmp_path, "polars,chdb", patience=2, history=False)
    assert said in capsys.readouterr().out
    if not ends_all:
        figures = json.loads(figures_file.read_text())
        assert figures["failed"] == {lost: f"{said}, and so on"}
        assert set(figures["peers"]) == {"polars", "chdb"} - {lost}
        assert figures["build_over_floor"] == (0.6 if lost == "floor" else 1)


def test_a_day_on_a_year_is_held_against_shorter_histories_with_explanations_and_without() -> None:
    figures = {
        f"{name}_on_{days}_{cost}": at_all + days * share
        for name, at_all, share in (("day", 10, 0.01), ("explanations", 5, 0.02))
        for days in HISTORIES
        for cost in COSTS.values()
    }
    ratios = day_ratios(figures)
    assert len(ratios) == 8
    assert ratios["day_on_365_over_7"] == ratios["day_on_365_over_7_cpu"] == 1.36  # 13.65 / 10.07
    assert ratios["explained_day_on_365_over_90_cpu"] == 1.47  # 25.95 / 17.70

    cost = {"wall_s": 2, "cpu_s": 2, "peak_mb": 3, "read_mb": 4}
    of_build = {"build_s": 2, "build_cpu_s": 2, "build_read_mb": 4, "peak_mb": 3}
    started = {f"dbt_start_{name}_cpu_s": 1 for name in ("new", "again")}
    others = {
        "requests": 7,
        "day_requests": 1,
        "no_change_s": 9,
        "no_change_cpu_s": 9,
        "failed": {},
    }
    engines = {"build_of_six": cost, "engines": {"floor": cost}}
    of_floor = {"floor_s": 1, "floor_cpu_s": 1, **engines}
    console = Console(record=True, width=200)
    _show(console, figures | ratios | of_build | started | others | of_floor)
    shown = console.export_text()
    assert "1.36 times the CPU seconds that it takes on 7 (with explanations 1.71)" in shown
    (year,) = (line for line in shown.splitlines() if "365 days" in line and "times" not in line)
    assert year.split() == ["365", "days", "13.7", "13.7", "13.7", "13.7", "12.3"]


@pytest.mark.parametrize("waiting", [False, True])
def test_a_history_that_was_left_alone_is_no_history(waiting: bool, tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "build.duckdb")) as connection:
        connection.execute("create schema marts")
        connection.execute(f"create table marts.late_arrivals as select {waiting} as is_waiting")
    refused = pytest.raises(WorkError, match="1 days") if waiting else nullcontext()
    with refused:
        nothing_waits(tmp_path)


def test_figures_that_could_not_be_written_are_refused_before_anything(
    tributary: Command, tmp_path: Path
) -> None:
    outcome = tributary("bench", "--json", tmp_path / "absent" / "figures.json")
    assert outcome.returncode == 2
    assert "absent" in outcome.stderr


@pytest.mark.parametrize(("peers", "said"), [("abacus", "abacus"), ("", "or all, or none")])
def test_an_engine_that_nobody_knows_is_refused(tributary: Command, peers: str, said: str) -> None:
    outcome = tributary("bench", "--peers", peers)
    assert outcome.returncode == 2
    assert said in outcome.stderr


@pytest.mark.parametrize(
    ("change", "mart"),
    [
        ("replace (counts + 1 as counts)", "revenue_daily"),
        ("replace (money_micros + 1 as money_micros)", "advertiser_daily"),
        ("replace (ratio + 1e-8 as ratio)", "local_funnel_daily"),
        ("replace (cast(null as double) as ratio)", "search_metrics_daily"),
        ("replace (date '2026-01-02' as {key})", "reconciliation_daily"),
    ],
)
@pytest.mark.parametrize("in_folders", [False, True])
def test_one_cell_that_differs_is_found(
    change: str, mart: str, in_folders: bool, tmp_path: Path
) -> None:
    database = tmp_path / "build.duckdb"
    with duckdb.connect(str(database)) as connection:
        connection.execute("create schema marts")
        for name, (day, *others) in MARTS.items():
            keys = "".join(f", 'x' as {key}" for key in others)
            counts = f"date '2026-01-01' as {day}{keys}, 7 as counts, 0.5::double as ratio"
            connection.execute(
                f"create table marts.{name} as select {counts}, 1.5::decimal(38, 6) as money"
            )
            form = f"format parquet, partition_by ({day})" if in_folders else "format parquet"
            connection.execute(
                f"copy (select {counts}, 1500000 as money_micros) "
                f"to '{tmp_path}/{name}.parquet' ({form})"
            )
    assert differences(database, tmp_path) == dict.fromkeys(MARTS, 0)
    file = tmp_path / f"{mart}.parquet"
    changed = change.format(key=MARTS[mart][0])
    read = f"read_parquet('{file}{'/*/*.parquet' if in_folders else ''}')"
    duckdb.execute(
        f"copy (select * {changed} from {read}) to '{tmp_path}/changed' (format parquet)"
    )
    if in_folders:
        shutil.rmtree(file)
    (tmp_path / "changed").replace(file)
    found = differences(database, tmp_path)
    assert found.pop(mart) > 0
    assert not any(found.values())
