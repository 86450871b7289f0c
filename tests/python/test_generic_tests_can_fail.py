"""Tests of the tests: each generic test of ours finds what it is there to find, and only that.

A scratch dbt project with the project's own macros holds small relations, some right and some
wrong in
one way each. Every wrong one must fail, every right one must pass.
"""

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from dbt.cli.main import dbtRunner

from tributary.build import release_database

METRICS = "select * from (values {rows}) as slices (ad_requests, requests, pvr)"
WEEKS = ", ".join(f"(date '2026-10-{day:02d}', 100)" for day in range(5, 33) if day <= 31)

PARTS = "select * from (values {rows}) as slices (slice, part, before, after)"
PARTS_OF_SLICES: dict[str, Any] = {
    "part": "part",
    "before": "before",
    "after": "after",
    "keys": ["slice"],
}

# name: (relation, generic test, its arguments, whether it must fail)
CASES: dict[str, tuple[str, str, dict[str, Any], bool]] = {
    "expression_that_holds": ("select 1 as a", "expression_holds", {"expression": "a > 0"}, False),
    "expression_that_is_false": (
        "select 1 as a",
        "expression_holds",
        {"expression": "a > 1"},
        True,
    ),
    "expression_that_is_unknown": (
        "select cast(null as integer) as a",
        "expression_holds",
        {"expression": "a > 0"},
        True,
    ),
    "values_that_match": (
        "select * from (values ('ab'), (null)) as t (a)",
        "values_match",
        {"column": "a", "pattern": "[a-z]+", "or_null": True},
        False,
    ),
    "a_value_that_matches_in_part": (
        "select 'ab1' as a",
        "values_match",
        {"column": "a", "pattern": "[a-z]+"},
        True,
    ),
    "a_value_that_is_null": (
        "select cast(null as string) as a",
        "values_match",
        {"column": "a", "pattern": "[a-z]+"},
        True,
    ),
    "parts_that_add_up": (
        PARTS.format(rows="('x', 1.5, 10, 12.5), ('x', 1.0, 10, 12.5), ('y', 0.0, 3, 3)"),
        "parts_add_up_to_change",
        PARTS_OF_SLICES,
        False,
    ),
    "parts_that_leave_a_residue": (
        PARTS.format(rows="('x', 1.5, 10, 12.5), ('x', 0.9, 10, 12.5)"),
        "parts_add_up_to_change",
        PARTS_OF_SLICES,
        True,
    ),
    "parts_that_are_null": (
        PARTS.format(rows="('x', null, 10, 12.5)"),
        "parts_add_up_to_change",
        PARTS_OF_SLICES,
        True,
    ),
    "parts_of_a_change_that_is_told_in_two_ways": (
        PARTS.format(rows="('x', 1.5, 10, 12.5), ('x', 1.0, 11, 12.5)"),
        "parts_add_up_to_change",
        PARTS_OF_SLICES,
        True,
    ),
    "parts_within_their_tolerance": (
        PARTS.format(rows="('x', 2.50000001, 10, 12.5)"),
        "parts_add_up_to_change",
        {**PARTS_OF_SLICES, "tolerance": 0.000001},
        False,
    ),
    "parts_beyond_their_tolerance": (
        PARTS.format(rows="('x', 2.6, 10, 12.5)"),
        "parts_add_up_to_change",
        {**PARTS_OF_SLICES, "tolerance": 0.000001},
        True,
    ),
    "grain_that_is_unique": (
        "select * from (values (1, 'x'), (1, 'y')) as t (a, b)",
        "unique_grain",
        {"columns": ["a", "b"]},
        False,
    ),
    "grain_with_a_copy": (
        "select * from (values (1, 'x'), (1, 'x')) as t (a, b)",
        "unique_grain",
        {"columns": ["a", "b"]},
        True,
    ),
    "grain_with_a_copy_under_null": (
        "select * from (values (1, null), (1, null)) as t (a, b)",
        "unique_grain",
        {"columns": ["a", "b"]},
        True,
    ),
    "relation_with_a_row": ("select 1 as a", "has_rows", {}, False),
    "relation_without_a_row": ("select 1 as a where false", "has_rows", {}, True),
    "share_below_its_limit": (
        "select * from range(1000) as t (a)",
        "share_of_rows_stays_low",
        {"condition": "a < 100"},
        False,
    ),
    "share_above_its_limit": (
        "select * from range(1000) as t (a)",
        "share_of_rows_stays_low",
        {"condition": "a < 101"},
        True,
    ),
    "share_of_unknown_rows": (
        "select case when a > 500 then a end as a from range(1000) as t (a)",
        "share_of_rows_stays_low",
        {"condition": "a < 0"},
        True,
    ),
    "sums_that_agree": (
        "select * from (values ('x', 1.5), ('x', 1.5), ('y', 2)) as t (k, v)",
        "sums_equal_those_of",
        {"to": "ref('theirs')", "columns": ["v"], "keys": ["k"]},
        False,
    ),
    "sums_that_differ": (
        "select * from (values ('x', 3.000001), ('y', 2)) as t (k, v)",
        "sums_equal_those_of",
        {"to": "ref('theirs')", "columns": ["v"], "keys": ["k"]},
        True,
    ),
    "sums_with_a_key_on_our_side_only": (
        "select * from (values ('x', 3), ('y', 2), ('z', 0)) as t (k, v)",
        "sums_equal_those_of",
        {"to": "ref('theirs')", "columns": ["v"], "keys": ["k"]},
        True,
    ),
    "sums_with_a_key_on_their_side_only": (
        "select * from (values ('x', 3)) as t (k, v)",
        "sums_equal_those_of",
        {"to": "ref('theirs')", "columns": ["v"], "keys": ["k"]},
        True,
    ),
    "sums_that_are_null": (
        "select * from (values ('x', cast(null as integer)), ('y', 2)) as t (k, v)",
        "sums_equal_those_of",
        {"to": "ref('theirs')", "columns": ["v"], "keys": ["k"]},
        True,
    ),
    "totals_that_are_null_on_both_sides": (
        "select cast(null as integer) as v",
        "sums_equal_those_of",
        {"to": "ref('all_null')", "columns": ["v"]},
        True,
    ),
    "totals_over_nothing": (
        "select 1 as v where false",
        "sums_equal_those_of",
        {"to": "ref('all_null')", "columns": ["v"], "other_where": "false"},
        False,
    ),
    "values_that_add_up": (
        "select * from (values (1, 'x', 2), (1, 'y', 3), (1, '(all)', 5)) as t (day, d, v)",
        "values_add_up_to_total",
        {"dimension": "d", "columns": ["v"], "keys": ["day"]},
        False,
    ),
    "values_that_do_not_add_up": (
        "select * from (values (1, 'x', 2), (1, 'y', 2), (1, '(all)', 5)) as t (day, d, v)",
        "values_add_up_to_total",
        {"dimension": "d", "columns": ["v"], "keys": ["day"]},
        True,
    ),
    "values_without_a_total": (
        "select * from (values (1, 'x', 2), (1, '(all)', 2), (2, 'x', 2)) as t (day, d, v)",
        "values_add_up_to_total",
        {"dimension": "d", "columns": ["v"], "keys": ["day"]},
        True,
    ),
    "metric_within_bounds": (
        METRICS.format(rows="(2, 5, 0.4e0), (0, 0, null)"),
        "bounds_of_metrics_hold",
        {"metrics": ["pvr"]},
        False,
    ),
    "metric_above_its_bound": (
        METRICS.format(rows="(2, 5, 1.1e0)"),
        "bounds_of_metrics_hold",
        {"metrics": ["pvr"]},
        True,
    ),
    "metric_below_its_bound": (
        METRICS.format(rows="(2, 5, -0.1e0)"),
        "bounds_of_metrics_hold",
        {"metrics": ["pvr"]},
        True,
    ),
    "metric_that_is_no_number": (
        METRICS.format(rows="(2, 5, cast('nan' as double))"),
        "bounds_of_metrics_hold",
        {"metrics": ["pvr"]},
        True,
    ),
    "metric_that_is_infinite": (
        "select cast('inf' as double) as acp",
        "bounds_of_metrics_hold",
        {"metrics": ["acp"]},
        True,
    ),
    "ratio_of_its_sums": (
        METRICS.format(rows="(2, 5, 0.4e0), (0, 0, null)"),
        "ratios_equal_their_sums",
        {"metrics": ["pvr"]},
        False,
    ),
    "ratio_of_something_else": (
        METRICS.format(rows="(2, 5, 0.41e0)"),
        "ratios_equal_their_sums",
        {"metrics": ["pvr"]},
        True,
    ),
    "ratio_that_is_missing": (
        METRICS.format(rows="(2, 5, cast(null as double))"),
        "ratios_equal_their_sums",
        {"metrics": ["pvr"]},
        True,
    ),
    "ratio_over_zero_that_is_zero": (
        METRICS.format(rows="(0, 0, 0e0)"),
        "ratios_equal_their_sums",
        {"metrics": ["pvr"]},
        True,
    ),
    "days_without_a_gap": (
        "select * from (values (date '2026-10-01'), (date '2026-10-02')) as t (day)",
        "no_day_is_missing",
        {"day": "day"},
        False,
    ),
    "days_with_a_gap": (
        "select * from (values (date '2026-10-01'), (date '2026-10-03')) as t (day)",
        "no_day_is_missing",
        {"day": "day"},
        True,
    ),
    "days_with_a_gap_in_one_series": (
        "select * from (values (date '2026-10-01', 'x'), (date '2026-10-02', 'x'), "
        "(date '2026-10-02', 'y')) as t (day, s)",
        "no_day_is_missing",
        {"day": "day", "each": "s"},
        True,
    ),
    "volume_in_season": (
        f"select * from (values {WEEKS}) as t (day, v)",
        "volume_is_in_season",
        {"day": "day", "volume": "v"},
        False,
    ),
    "volume_far_below_its_season": (
        f"select day, case when day = date '2026-10-14' then 39 else v end as v "
        f"from (values {WEEKS}) as t (day, v)",
        "volume_is_in_season",
        {"day": "day", "volume": "v"},
        True,
    ),
    "volume_far_above_its_season": (
        f"select day, case when day = date '2026-10-14' then 251 else v end as v "
        f"from (values {WEEKS}) as t (day, v)",
        "volume_is_in_season",
        {"day": "day", "volume": "v"},
        True,
    ),
}


@pytest.fixture(scope="module")
def outcomes(root: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Status of each case's test, from one dbt run over a scratch project."""
    project = tmp_path_factory.mktemp("generic_tests")
    shutil.copytree(root / "macros", project / "macros")
    shutil.copytree(root / "tests" / "generic", project / "tests" / "generic")
    (project / "macros" / "inputs").joinpath("register_raw_inputs.sql").unlink()
    for properties in (project / "macros").rglob("*.yml"):
        properties.unlink()
    variables = yaml.safe_load((root / "dbt_project.yml").read_text("utf-8"))["vars"]
    (project / "dbt_project.yml").write_text(
        yaml.safe_dump(
            {
                "name": "tributary",
                "profile": "tributary",
                "models": {"+materialized": "table"},
                "vars": variables,
                "flags": {"send_anonymous_usage_stats": False},
            }
        )
    )
    (project / "profiles.yml").write_text(
        yaml.safe_dump(
            {
                "tributary": {
                    "target": "scratch",
                    "outputs": {
                        "scratch": {"type": "duckdb", "path": str(project / "scratch.duckdb")}
                    },
                }
            }
        )
    )
    models = project / "models"
    models.mkdir()
    (models / "theirs.sql").write_text("select * from (values ('x', 3), ('y', 2)) as t (k, v)")
    (models / "all_null.sql").write_text("select cast(null as integer) as v")
    properties_of = []
    for name, (relation, test, arguments, _) in CASES.items():
        (models / f"{name}.sql").write_text(relation)
        limits = {"warn_if": ">100000", "error_if": ">100000"}
        config = limits if test == "share_of_rows_stays_low" else {}
        properties_of.append(
            {
                "name": name,
                "data_tests": [
                    {test: {"name": f"test_{name}", "arguments": arguments, "config": config}}
                ],
            }
        )
    (models / "models.yml").write_text(yaml.safe_dump({"version": 2, "models": properties_of}))
    outcome = dbtRunner().invoke(
        [
            *("--quiet", "build", "--project-dir", str(project), "--profiles-dir", str(project)),
            *("--target-path", str(project / "target")),
        ]
    )
    release_database()
    assert outcome.exception is None, outcome.exception
    return {
        result.node.name: str(result.status)
        for result in outcome.result.results  # type: ignore[union-attr]
        if result.node.resource_type == "test"
    }


@pytest.mark.parametrize("name", CASES)
def test_generic_test_tells_right_from_wrong(name: str, outcomes: dict[str, str]) -> None:
    assert outcomes[f"test_{name}"] == ("fail" if CASES[name][3] else "pass")


def test_every_generic_test_has_a_case_that_fails_and_one_that_passes(root: Path) -> None:
    declared = {
        line.split("{% test ")[1].split("(")[0]
        for file in (root / "tests" / "generic").glob("*.sql")
        for line in file.read_text("utf-8").splitlines()
        if "{% test " in line
    }
    assert declared == {test for _, test, _, must_fail in CASES.values() if must_fail}
    assert declared == {test for _, test, _, must_fail in CASES.values() if not must_fail}
