"""The models that explain, alone: in a scratch dbt project, on aggregates given as Parquet."""

import re
import shutil
from pathlib import Path
from typing import Any

import yaml
from dbt.cli.main import dbtRunner

from tributary.build import release_database

MODELS = (
    "facts/agg_watched_metrics_daily.sql",
    "facts/agg_expected_metrics_daily.sql",
    "facts/agg_scored_metrics_daily.sql",
    "facts/agg_judged_metrics_daily.sql",
    "facts/agg_cause_incidents_daily.sql",
    "facts/agg_cause_prices_daily.sql",
    "facts/agg_cause_leaves_daily.sql",
    "facts/agg_cause_slices_daily.sql",
    "marts/explanation/metric_anomalies.sql",
    "marts/explanation/root_causes.sql",
)
GIVEN = (
    "agg_funnel_daily",
    "agg_slices_daily",
    "dim_days",
    "fct_early_responses",
    "fct_late_responses",
)


def make_project(root: Path, folder: Path, aggregates: Path, variables: dict[str, Any]) -> None:
    """A project with the models' own text, the project's macros and variables."""
    for part in ("anomalies", "root_causes", "identities", "metrics", "cross_db", "project"):
        shutil.copytree(root / "macros" / part, folder / "macros" / part)
    shutil.copy(root / "macros" / "generate_schema_name.sql", folder / "macros")
    for model in MODELS:
        (folder / "models" / model).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(root / "models" / model, folder / "models" / model)
        # Of the marts with all that is said and tested of them, but for the tests on made-up rows.
        said = (root / "models" / model).with_suffix(".yml")
        if said.exists() and "marts" in model:
            declared = yaml.safe_load(said.read_text("utf-8"))
            declared.pop("unit_tests", None)
            (folder / "models" / model).with_suffix(".yml").write_text(yaml.safe_dump(declared))
    shutil.copytree(root / "models" / "docs", folder / "models" / "docs")
    shutil.copytree(root / "tests" / "generic", folder / "tests" / "generic")
    shutil.copytree(root / "macros" / "quality", folder / "macros" / "quality")
    # These ask what earlier builds left behind: here there are none.
    (folder / "macros" / "quality" / "tested_days.sql").unlink()
    (folder / "macros" / "project" / "view.sql").unlink()
    for name in GIVEN:
        (folder / "models" / "facts" / f"{name}.sql").write_text(
            f"select * from {{{{ parquet_at('{aggregates / name}.parquet') }}}}"
        )
    (folder / "macros" / "parquet_at.sql").write_text(
        "{% macro parquet_at(path) %}{{ 'parquet.`' ~ path ~ '`' if target.type == 'spark'"
        ' else "read_parquet(\'" ~ path ~ "\')" }}{% endmacro %}'
    )
    declared = yaml.safe_load((root / "dbt_project.yml").read_text("utf-8"))
    project = {
        "name": "tributary",
        "version": "1.0.0",
        "profile": "tributary",
        "models": {
            "tributary": {
                "facts": {"+schema": "facts"},
                "marts": {"+schema": "marts", "+materialized": "table"},
            }
        },
        "vars": {**declared["vars"], **variables},
    }
    (folder / "dbt_project.yml").write_text(yaml.safe_dump(project, allow_unicode=True))
    profiles = (root / "profiles.yml").read_text("utf-8")
    # The plugin makes a folder that is there already.
    plugin = re.sub(r" +plugins:\n +- module: tributary.warehouse_folder\n", "", profiles)
    (folder / "profiles.yml").write_text(plugin)


def build(folder: Path, target: str = "duckdb") -> None:
    """Builds and tests the models in the warehouse that the environment names."""
    ended = dbtRunner().invoke(
        [
            *(
                "--quiet",
                "build",
                "--target",
                target,
                "--target-path",
                str(folder / f"target_{target}"),
            ),
            *("--project-dir", str(folder), "--profiles-dir", str(folder)),
        ]
    )
    release_database()
    assert ended.success, ended.exception or ended.result
