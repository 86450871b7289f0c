"""The command `tributary bench-drivers`: what explaining a year of many slices costs."""

import json
import resource
import tempfile
import time
from pathlib import Path
from typing import Annotated

import duckdb
import typer
from rich.console import Console

from tributary.rendering import Renderer
from tributary.settings import find_project, memory_limit

_COUNTS = ("requests", "ad_requests", "ad_impressions", "ad_clicks", "ad_actions", "users")
_LEADS = ("requests", "users", "active_advertisers")
_ROLLED_UP = """
    create or replace temp table rolled_up as
    select day, factor, effect, count(*) as parts, sum(contribution) as contribution
    from ({contributions})
    group by all
"""
_COUNT = "select sum(parts), 0 from rolled_up"
_RESIDUES = """
    select sum(parts), count(*) filter (where explained <> change)
    from (
        select day, sum(parts) as parts, sum(contribution) as explained
        from rolled_up
        group by all
    )
    inner join changes using (day)
"""
_CHANGES = """
    create temp table changes as
    select day, sum(revenue_now) - sum(revenue_base) as change from pairs group by all
"""


def bench_drivers(
    days: Annotated[int, typer.Option(min=2, help="Days, each held against the one before.")] = 365,
    slices: Annotated[int, typer.Option(min=1, help="Slices of each day.")] = 10_000,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the figures to this file.")
    ] = None,
) -> None:
    """Measure the drivers of every identity over many slices and days, day on day.

    A table of so many slice-days with random components is made first and not counted. What is
    counted: both days set side by side, every factor's contribution in every slice, rounded and
    exact, and their sums by day, identity, factor and effect.
    """
    console = Console()
    renderer = Renderer.of_project(find_project(Path.cwd()))
    identities = renderer.variables["identities"]
    with tempfile.TemporaryDirectory() as folder, duckdb.connect(f"{folder}/drivers.db") as engine:
        engine.execute(f"set memory_limit = '{memory_limit()}'")
        engine.execute("set preserve_insertion_order = false")
        engine.execute(_slice_days(days, slices))
        began, cpu = time.monotonic(), _cpu_s()
        engine.execute(_pairs(renderer))
        engine.execute(_CHANGES)
        contributions = residues = 0
        for name in renderer.call("identities_over", "funnel"):
            sql = renderer.call("factor_contributions", name, identities[name], "pairs", ["day"])
            engine.execute(_ROLLED_UP.format(contributions=sql))
            adds_up = identities[name]["result"] == "revenue"
            rows, wrong = engine.execute(_RESIDUES if adds_up else _COUNT).fetchone() or (0, 0)
            contributions += int(rows)
            residues += int(wrong)
        wall, used = time.monotonic() - began, _cpu_s() - cpu
    figures = {
        "days": days,
        "slices": slices,
        "contributions": contributions,
        "days_with_a_residue": residues,
        "wall_s": round(wall, 2),
        "cpu_s": round(used, 2),
    }
    console.print(
        f"{contributions:,} contributions of {len(identities) - 1} identities over {days} days of "
        f"{slices:,} slices: {wall:.1f} s, {used:.1f} s of CPU; {residues} days with a residue.",
        highlight=False,
        soft_wrap=True,
    )
    if json_file:
        json_file.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")
    if residues:
        raise typer.Exit(1)


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _slice_days(days: int, slices: int) -> str:
    """Components that nest as a platform's do: each a random part of the one before."""
    return f"""
        create table slice_days as
        select
            day,
            slice,
            size as requests,
            cast(size * (0.3 + 0.3 * u1) as bigint) as ad_requests,
            cast(size * (0.4 + u2) as bigint) as ad_impressions,
            cast(size * (0.4 + u2) * 0.1 * u3 as bigint) as ad_clicks,
            cast(size * (0.4 + u2) * 0.01 * u3 as bigint) as ad_actions,
            cast(size * 0.4 + 1 as bigint) as users,
            cast(1 + 9 * u1 as bigint) as active_advertisers,
            cast(size * u2 * u3 as decimal(38, 6)) as action_value,
            cast(size * (0.4 + u2) * 0.1 * u3 * (0.5 + u1) as decimal(38, 6)) as revenue
        from (
            select
                cast(day as integer) as day,
                cast(slice as integer) as slice,
                cast(random() * 2000 as bigint) as size,
                random() as u1,
                random() as u2,
                random() as u3
            from range({days}) as days (day), range({slices}) as slices (slice)
        )
    """


def _pairs(renderer: Renderer) -> str:
    names = [*_COUNTS, "active_advertisers", "action_value", "revenue"]
    sums = renderer.call("pair_columns", names)
    wholes = ", ".join(
        f"sum({lead}_{period}) over (partition by day) as {lead}_whole_{period}"
        for lead in _LEADS
        for period in ("base", "now")
    )
    columns = ", ".join(names)
    return (
        f"create table pairs as select *, {wholes} from ("
        f" select day, slice, {sums} from ("
        f"  select day, slice, true as is_now, {columns} from slice_days where day > 0"
        f"  union all select day + 1, slice, false, {columns} from slice_days"
        "   where day < (select max(day) from slice_days)"
        " ) group by day, slice)"
    )
