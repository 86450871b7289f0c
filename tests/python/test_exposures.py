"""A dashboard outside of `dashboards/` is an exposure that names the marts it reads, too."""

import re
from pathlib import Path
from typing import Any

import yaml

BUNDLE = Path("e2e/superset/bundle")


def marts_read(dataset: dict[str, Any]) -> set[str]:
    """The marts of a dataset of Superset: of its query, or the table itself."""
    if not dataset["sql"]:
        return {dataset["table_name"]}
    named = set(re.findall(r"\b(?:from|join)\s+(\w+)", dataset["sql"]))
    return named - set(re.findall(r"\b(\w+)\s+as\s+\(", dataset["sql"]))


def test_the_dashboard_of_superset_is_an_exposure_of_the_marts_that_its_datasets_read(
    root: Path,
) -> None:
    declared = yaml.safe_load((root / "models/marts/exposures.yml").read_text("utf-8"))
    exposures = {one["name"]: one for one in declared["exposures"]}
    datasets = [
        yaml.safe_load(file.read_text("utf-8"))
        for file in (root / BUNDLE / "datasets").rglob("*.yaml")
    ]
    read = {f"ref('{mart}')" for dataset in datasets for mart in marts_read(dataset)}
    assert len(datasets) == 7
    assert set(exposures["superset_revenue"]["depends_on"]) == read


def test_every_dashboard_of_the_bundle_is_an_exposure(root: Path) -> None:
    declared = yaml.safe_load((root / "models/marts/exposures.yml").read_text("utf-8"))
    names = {one["name"] for one in declared["exposures"]}
    bundled = {f"superset_{file.stem}" for file in (root / BUNDLE / "dashboards").glob("*.yaml")}
    assert bundled == {name for name in names if name.startswith("superset_")}


def test_a_table_that_a_query_makes_itself_is_no_mart() -> None:
    sql = "with newest as (select * from a join b using (c)) select * from newest"
    assert marts_read({"table_name": "d", "sql": sql}) == {"a", "b"}
