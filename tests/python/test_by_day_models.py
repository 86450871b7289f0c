"""What a table that is kept by day hangs on is declared: else its days grow stale unseen."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from dbt.cli.main import dbtRunner
from one_path import TARGETS

# Variables that change no row of a table that is kept by day, or stand in its own SQL.
HARMLESS = {
    "lookback_days": "which days a run builds",
    "batch_bytes": "how many days a statement builds",
    "reject_share_warn_ppm": "read by tests",
    "reject_share_error_ppm": "read by tests",
    "reject_share_least_rows": "read by tests",
    "uniqueness_days": "read by tests",
    "volume_floor": "read by tests",
    "volume_ceiling": "read by tests",
    "search_surfaces": "written out in the SQL of each table that is sliced by them",
    "local_surfaces": "written out in the SQL of each table that is sliced by them",
    "dimensions": "written out in the SQL of each table that is sliced by them",
    "prediction_dimensions": "written out in the SQL of the tables of predictions",
    "comparisons": "read by marts that are made anew in each run",
    "explained_days": "read by marts that are made anew in each run",
    "watched_metrics": "read by tables that are made anew in each run",
    "expectation": "read by tables that are made anew in each run",
    "anomalies": "read by tables that are made anew in each run",
    "root_causes": "read by tables that are made anew in each run",
    "elasticities": "read by a mart that is made anew in each run",
}


@pytest.fixture(scope="module")
def nodes(root: Path) -> dict[str, Any]:
    """The models of the project, by name."""
    place = ["--project-dir", str(root), "--profiles-dir", str(root), "--target", "lint"]
    place += ["--target-path", str(TARGETS / "lint")]
    outcome = dbtRunner().invoke(["--quiet", "parse", "--no-write-json", *place])
    assert outcome.success
    manifest: Any = outcome.result
    return {
        node.name: node
        for node in manifest.nodes.values()
        if node.resource_type == "model" and node.package_name == "tributary"
    }


def kept_parents(nodes: dict[str, Any], name: str, passed_by: list[str]) -> set[str]:
    """The nearest models above that are kept by day, through any that are not."""
    found = set()
    for parent_id in nodes[name].depends_on.nodes:
        parent = parent_id.split(".")[-1]
        if parent not in nodes or parent in passed_by:
            continue
        if nodes[parent].config.materialized == "by_day":
            found.add(parent)
        else:
            found |= kept_parents(nodes, parent, passed_by)
    return found


def test_each_follows_every_kept_table_that_it_reads(nodes: dict[str, Any]) -> None:
    kept = {name: node for name, node in nodes.items() if node.config.materialized == "by_day"}
    assert len(kept) > 18
    for name, node in kept.items():
        meta = node.config.meta
        if "log" in meta:
            continue
        read = kept_parents(nodes, name, meta.get("outside_of", []))
        assert read == set(meta["follows"]), name


def test_a_table_that_reads_days_beside_its_own_waits_when_those_change(
    nodes: dict[str, Any],
) -> None:
    reaching = {}
    for name, node in nodes.items():
        meta = node.config.meta
        if node.config.materialized != "by_day" or "log" in meta:
            continue
        margins = re.findall(r"in_batch\([^()]*?, (\d+)(?:, (\d+))?\)", node.raw_code)
        reaching[name] = max((int(days or 0) for margin in margins for days in margin), default=0)
        # What is kept by week reads the days of its own week, on each of which it waits for it.
        is_of_days = any("week_starts_on" not in column for column in meta["follows"].values())
        own = 6 if meta["day"] == "week_starts_on" and is_of_days else 0
        assert reaching[name] == meta.get("neighbours", own), name
    assert max(reaching.values()) > 0


def test_every_variable_is_in_the_fingerprint_or_changes_nothing_kept(
    root: Path, nodes: dict[str, Any]
) -> None:
    declared = yaml.safe_load((root / "dbt_project.yml").read_text("utf-8"))["vars"]
    code = (root / "macros" / "days" / "by_day.sql").read_text("utf-8")
    listed = code.split("macro vars_of_verdicts()")[1].split("endmacro")[0]
    counted = set(re.findall(r"'(\w+)'", listed))
    for node in nodes.values():
        counted |= set(node.config.meta.get("vars", []))
    assert counted & HARMLESS.keys() == set()
    assert counted | HARMLESS.keys() == declared.keys()
