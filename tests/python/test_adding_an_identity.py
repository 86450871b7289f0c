"""One entry in the declarations is an identity that is computed, judged and tested. No SQL."""

import json
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from dbt.cli.main import dbtRunner, dbtRunnerResult


@pytest.fixture
def declared(root: Path) -> dict[str, Any]:
    """The project's variables, to be changed by a test."""
    variables: dict[str, Any] = yaml.safe_load((root / "dbt_project.yml").read_text("utf-8"))[
        "vars"
    ]
    return variables


@pytest.fixture
def database(built_warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the built seeds that a test may rebuild."""
    monkeypatch.setenv("TRIBUTARY_WAREHOUSE", str(tmp_path))
    return Path(shutil.copy(built_warehouse, tmp_path / "build.duckdb"))


def build_status(root: Path, variables: dict[str, Any]) -> dbtRunnerResult:
    return dbtRunner().invoke(
        [
            *("--quiet", "build", "--project-dir", str(root), "--profiles-dir", str(root)),
            *("--select", "identity_status", "--exclude-resource-type", "unit_test"),
            *("--vars", json.dumps(variables)),
        ]
    )


def statuses(database: Path, identity: str) -> dict[str, int]:
    with duckdb.connect(str(database), read_only=True) as connection:
        return dict(
            connection.execute(
                "select status, count(*) from marts.identity_status "
                "where identity = ? and entry = 'definition' group by status",
                [identity],
            ).fetchall()
        )


def test_a_declared_identity_is_computed_and_checked(
    root: Path, declared: dict[str, Any], database: Path
) -> None:
    declared["metrics"]["revenue_per_clicked_request"] = {
        "numerator": "revenue",
        "denominator": "ad_clicked_requests",
        "served": False,
    }
    declared["identities"]["per_clicked_request"] = {
        "result": "revenue",
        "factors": ["ad_clicked_requests", "revenue_per_clicked_request"],
    }
    assert build_status(root, declared).success
    found = statuses(database, "per_clicked_request")
    assert found["holds"] > 500
    assert "violated" not in found


def test_an_identity_that_is_wrong_fails_the_build(
    root: Path, declared: dict[str, Any], database: Path
) -> None:
    declared["identities"]["forgot_ctr2"] = {
        "result": "revenue",
        "factors": ["requests", "pvr", "asn", "acp"],
    }
    outcome = build_status(root, declared)
    assert not outcome.success
    assert statuses(database, "forgot_ctr2")["violated"] > 500
    failed = [result.node.name for result in outcome.result if result.status == "fail"]  # type: ignore[union-attr]
    assert any("violated" in name for name in failed), failed


def test_an_identity_over_an_unknown_factor_says_what_to_declare(
    root: Path,
    declared: dict[str, Any],
    database: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    declared["identities"]["typo"] = {"result": "revenue", "factors": ["requests", "cpm9"]}
    assert not build_status(root, declared).success
    said = capsys.readouterr().out
    assert 'An identity names "cpm9"' in said
    assert "Declare it under `metrics`" in said
