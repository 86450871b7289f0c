"""The command `tributary bench-causes`."""

import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Column, Table

from tributary.bench.causes import (
    Cause,
    by_size,
    days_with_a_false_cause,
    false_alarms,
    planted_causes,
    score,
)
from tributary.bench.planted import DAYS, FIRST_DAY, JUDGED_DAYS, plants
from tributary.settings import EVENTS, WAREHOUSE, find_project
from tributary.simulate.folder import staged
from tributary.simulate.run import run
from tributary.simulate.settings import LogFormat, Settings
from tributary.words import refuse

BARS = {1: 0.95, 2: 0.85}
"""The F1 that causes of a tenth of revenue and more have to reach, by the number of dimensions."""
MOST_FALSE_ALARMS = 1.0
"""Slice-days with a false alarm, of a thousand."""


def bench_causes(
    requests_per_day: Annotated[
        int, typer.Option(min=500, help="Requests on an average day of each history.")
    ] = 50_000,
    seeds: Annotated[
        str, typer.Option(help="Seeds of the histories with causes, joined by commas.")
    ] = "411,412,413,414",
    clean_seed: Annotated[int, typer.Option(help="Seed of the history without any.")] = 415,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write every figure to this file.")
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option(help="Where histories are made, once, and kept [default: benchmarks/data]."),
    ] = None,
) -> None:
    """Measure how well planted causes are found, and how often a quiet day raises an alarm.

    Histories are simulated with causes planted on every other of their last 42 days, and one
    without any; the project's own models are built on them, and the marts are held against what was
    planted. A cause counts as found where root_causes names its factor and its slice, exactly.
    """
    console = Console()
    named = [part.strip() for part in seeds.split(",")]
    if not all(part.isdecimal() for part in named):
        refuse(console, f"--seeds is {seeds!r}; write whole numbers, such as 411,412.")
    project = find_project(Path.cwd())
    kept = (folder or project / "benchmarks" / "data").resolve()
    causes: list[Cause] = []
    false_days = quiet_days = 0
    for seed in (int(part) for part in named):
        place = _history(project, kept, seed, requests_per_day, True, console)
        mine = planted_causes(place / "warehouse" / "build.duckdb", place / "truth.json")
        planted = {cause.day for cause in mine}
        wrong, quiet = days_with_a_false_cause(place / "warehouse" / "build.duckdb", planted)
        false_days, quiet_days = false_days + wrong, quiet_days + quiet
        causes += mine
    place = _history(project, kept, clean_seed, requests_per_day, False, console)
    figures: dict[str, Any] = {
        "requests_per_day": requests_per_day,
        "seeds": named,
        "clean_seed": clean_seed,
        "scores": by_size(causes),
        "quiet_days_between": quiet_days,
        "quiet_days_with_a_cause": false_days,
        "clean": false_alarms(place / "warehouse" / "build.duckdb"),
        "causes": [{**asdict(cause), "is_found": cause.is_found} for cause in causes],
    }
    figures["bars"] = _bars(causes, figures["clean"])
    _show(console, figures)
    if json_file:
        json_file.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    missed = [bar["name"] for bar in figures["bars"] if not bar["is_met"]]
    if missed:
        console.print(f"[bold red]Not reached:[/] {'; '.join(missed)}.")
        raise typer.Exit(1)


def _history(
    project: Path, kept: Path, seed: int, requests_per_day: int, with_causes: bool, console: Console
) -> Path:
    """A history, simulated where it is not kept yet, with the models built on it."""
    place = kept / f"causes-{seed}-{requests_per_day}{'' if with_causes else '-clean'}"
    settings = Settings(
        seed=seed,
        days=DAYS,
        start_date=FIRST_DAY,
        requests_per_day=requests_per_day,
        log_format=LogFormat.parquet,
        clean=True,
        plants=tuple(plants(seed)) if with_causes else (),
    )
    if not (place / "truth.json").is_file():
        console.print(f"Simulating {DAYS} days of seed {seed}.")
        kept.mkdir(parents=True, exist_ok=True)
        with staged(place) as made:
            run(settings, made)
    else:
        arguments = json.loads((place / "truth.json").read_text("utf-8"))["arguments"]
        if arguments != json.loads(json.dumps(settings.as_record())):
            refuse(console, f"{place} holds a history with other plants: delete it, and run again.")
    console.print(f"Building the models on seed {seed}.")
    build(project, place, JUDGED_DAYS)
    return place


def build(project: Path, place: Path, judged_days: int) -> None:
    """The models that root_causes needs, and nothing else, on the history in a folder.

    Raises:
        typer.Exit: dbt did not end well; it has said why.
    """
    command = [
        *(sys.executable, "-m", "dbt.cli.main", "--quiet", "run", "--no-write-json"),
        *("--select", "+root_causes", "--vars", json.dumps({"explained_days": judged_days})),
        *("--project-dir", str(project), "--profiles-dir", str(project)),
        *("--target-path", str(place / "target"), "--log-path", str(place / "logs")),
    ]
    given = {**os.environ, EVENTS: str(place), WAREHOUSE: str(place / "warehouse")}
    (place / "warehouse").mkdir(exist_ok=True)
    if subprocess.run(command, env=given, check=False).returncode:
        raise typer.Exit(1)


def _bars(causes: list[Cause], clean: dict[str, Any]) -> list[dict[str, Any]]:
    found = []
    for dimensions, least in BARS.items():
        some = [c for c in causes if c.dimensions == dimensions and c.impact >= 0.1]
        f1 = score(some).f1
        found.append(
            {
                "name": f"F1 of {least} for causes of {dimensions} dimensions, 10 % and more",
                "figure": f1,
                "is_met": f1 is not None and f1 >= least,
            }
        )
    rate = clean["slice_days_per_1000"]
    name = f"at most {MOST_FALSE_ALARMS:g} false alarm a 1,000 slice-days"
    found.append({"name": name, "figure": rate, "is_met": rate <= MOST_FALSE_ALARMS})
    return found


def _show(console: Console, figures: dict[str, Any]) -> None:
    right = ("planted", "found", "wrong", "precision", "recall", "F1")
    table = Table(
        *("dimensions", "share of revenue"),
        *(Column(name, justify="right") for name in right),
        box=SIMPLE_HEAD,
    )
    for row in figures["scores"]:
        table.add_row(
            str(row["dimensions"]),
            row["size"],
            *(str(row[name]) for name in ("planted", "found", "wrong")),
            *(_ratio(row[name]) for name in ("precision", "recall", "f1")),
        )
    console.print(table)
    clean = figures["clean"]
    console.print(
        f"Without a cause: {clean['slice_days_with_one']} of {clean['slice_days']:,} slice-days "
        f"with an alarm, {clean['slice_days_per_1000']:.2f} in 1,000; {clean['alarms']} alarms in "
        f"{clean['tests']:,} numbers judged.",
        highlight=False,
    )
    console.print(
        f"Between the causes: a cause is named on {figures['quiet_days_with_a_cause']} of "
        f"{figures['quiet_days_between']} days that have none.",
        highlight=False,
    )
    for bar in figures["bars"]:
        figure = "none" if bar["figure"] is None else f"{bar['figure']:.3f}"
        console.print(f"{'reached' if bar['is_met'] else 'missed'}: {bar['name']} ({figure})")


def _ratio(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
