"""What the audit reads of the marts is what dbt reads of them."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from audited import DECLARED, ROOT
from one_path import TARGETS, at_one_path

from tributary.audit import read_declarations


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    warehouse = tmp_path_factory.mktemp("parsed")
    outcome = subprocess.run(
        [sys.executable, "-m", "dbt.cli.main", "--quiet", "parse"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        env={
            **os.environ,
            "TRIBUTARY_SOURCE": "events",
            "TRIBUTARY_WAREHOUSE": str(at_one_path(warehouse)),
        },
    )
    assert outcome.returncode == 0, outcome.stdout
    parsed: dict[str, Any] = json.loads((TARGETS / "manifest.json").read_text("utf-8"))
    return parsed


def test_marts_columns_types_and_additivity_are_those_of_dbt(manifest: dict[str, Any]) -> None:
    of_dbt = {
        node["name"]: [
            (
                column["name"],
                column["data_type"],
                column["config"]["meta"]["unit"],
                column["config"]["meta"]["additivity"],
            )
            for column in node["columns"].values()
        ]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["fqn"][1] == "marts"
    }
    read = {
        mart.name: [(c.name, c.data_type, c.unit, c.additivity) for c in mart.columns]
        for mart in DECLARED.marts.values()
    }
    assert read == of_dbt


def test_the_tests_that_are_read_are_those_of_dbt(manifest: dict[str, Any]) -> None:
    of_dbt = {
        (node["attached_node"].split(".")[-1], node["name"], node["config"]["severity"].lower())
        for node in manifest["nodes"].values()
        if node["resource_type"] == "test"
        and (node.get("attached_node") or "").split(".")[-1] in DECLARED.marts
    }
    read = {
        (mart.name, test.name, "warn" if test.warns else "error")
        for mart in DECLARED.marts.values()
        for test in mart.tests
    }
    assert read == of_dbt


def test_variables_in_arguments_are_filled_in() -> None:
    surface = next(
        test
        for test in DECLARED.marts["revenue_daily"].of_kind("accepted_values")
        if test.column == "surface"
    )
    assert surface.arguments["values"] == [*DECLARED.variables["surfaces"], "(all)"]


def test_a_gap_that_a_log_has_by_nature_is_read_with_its_format() -> None:
    assert read_declarations(ROOT, "kddcup2012").gaps_by_nature == {"asn", "easn"}
    assert not DECLARED.gaps_by_nature
