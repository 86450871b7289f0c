"""Which tables kept by day a batch reads whole, told by the engine's own plan."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
from dbt.cli.main import dbtRunner
from one_path import at_one_path

from tributary.build import release_database
from tributary.rendering import Renderer
from tributary.settings import resolve

FAR = 70
"""In days, from a batch: beyond the longest window of a parent."""


def kept_models(root: Path, warehouse: Path) -> dict[str, Any]:
    """Each model that is kept by day, compiled, by name."""
    place = ["--project-dir", str(root), "--profiles-dir", str(root)]
    only = ["--select", "config.materialized:by_day"]
    with resolve(warehouse=at_one_path(warehouse)).exported():
        outcome = dbtRunner().invoke(["--quiet", "compile", "--no-write-json", *place, *only])
    release_database()
    assert outcome.success, outcome.exception
    results: Any = outcome.result
    nodes = [result.node for result in results if result.node.resource_type == "model"]
    return {node.name: node for node in nodes}


def read_whole(database: Path, sql: str, kept: dict[str, Any], day: str) -> list[str]:
    """The kept tables of which a batch of one day, that lies well within them, reads all days."""
    bound = Renderer.of_project().call("bind_batch", sql, [day])
    with duckdb.connect(str(database), read_only=True) as connection:
        ((_, plan),) = connection.execute(f"explain (format json) {bound}").fetchall()
        days = {node.config.meta["day"] for node in kept.values()} | {"event_on"}
        return [
            scan["Table"]
            for scan in _scans(json.loads(plan))
            if scan["Table"].split(".")[-1] in kept
            and not any(column in scan.get("Filters", "") for column in days)
            and _goes_beyond(connection, scan["Table"], kept, day)
        ]


def _goes_beyond(
    connection: duckdb.DuckDBPyConnection, table: str, kept: dict[str, Any], day: str
) -> bool:
    """Whether it has days that are no business of a batch: else a condition says nothing."""
    column = kept[table.split(".")[-1]].config.meta["day"]
    found = connection.execute(
        f"select 1 from {table} where abs({column} - date '{day}') > {FAR} limit 1"
    ).fetchone()
    return found is not None


def _scans(plan: Any) -> Iterator[dict[str, str]]:
    """What a plan says of each table that it scans."""
    if isinstance(plan, list):
        for step in plan:
            yield from _scans(step)
        return
    said = plan.get("extra_info", {})
    if "Table" in said:
        yield {name: str(value) for name, value in said.items()}
    yield from _scans(plan.get("children", []))
