"""One entry in the declarations is an identity that is computed, judged and tested. No SQL."""

import json
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from copied import project_copy
from dbt.artifacts.schemas.run import RunExecutionResult, RunResult
from dbt.cli.main import dbtRunner, dbtRunnerResult
from one_path import TARGETS, at_one_path

from tributary.build import release_database


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
    monkeypatch.setenv("TRIBUTARY_WAREHOUSE", str(at_one_path(tmp_path)))
    return Path(shutil.copy(built_warehouse, tmp_path / "build.duckdb"))


def build_status(project: Path, variables: dict[str, Any] | None = None) -> dbtRunnerResult:
    """Build `identity_status` with its tests; without its unit tests where variables are given."""
    given = ["--exclude-resource-type", "unit_test", "--vars", json.dumps(variables)]
    # What dbt keeps of the project, at its usual place, is of no other project and no variables.
    kept = ["--target-path", str(TARGETS / "identities")]
    outcome = dbtRunner().invoke(
        [
            *("--quiet", "build", "--project-dir", str(project), "--profiles-dir", str(project)),
            *("--select", "identity_status", *kept, *(given if variables else [])),
        ]
    )
    release_database()
    return outcome


def problems(outcome: dbtRunnerResult) -> list[RunResult]:
    """What failed or could not run."""
    assert isinstance(outcome.result, RunExecutionResult), outcome.exception
    return [one for one in outcome.result.results if one.status in ("fail", "error")]


def statuses(database: Path, identity: str) -> dict[str, int]:
    with duckdb.connect(str(database), read_only=True) as connection:
        return dict(
            connection.execute(
                "select status, count(*) from marts.identity_status "
                "where identity = ? and entry = 'definition' group by status",
                [identity],
            ).fetchall()
        )


def blocks_of_the_guide(root: Path) -> list[dict[str, Any]]:
    """The YAML that the guide tells its reader to write, in its order."""
    text = (root / "docs" / "guides" / "add-an-identity.md").read_text("utf-8")
    return [yaml.safe_load(part.split("```")[0]) for part in text.split("```yaml")[1:]]


def test_whoever_follows_the_guide_has_an_identity_computed_checked_and_proved(
    root: Path, database: Path, tmp_path: Path
) -> None:
    project = project_copy(tmp_path / "project")
    (project / "seeds").symlink_to(root / "seeds")
    identity, metric, example = blocks_of_the_guide(root)
    declarations = yaml.safe_load((root / "dbt_project.yml").read_text("utf-8"))
    for block in (identity, metric):
        for kind, entries in block["vars"].items():
            declarations["vars"][kind] |= entries
    (project / "dbt_project.yml").write_text(yaml.safe_dump(declarations, sort_keys=False))
    failed = [result.node.name for result in problems(build_status(project))]
    assert failed == ["every_revenue_identity_gives_the_worked_example"]

    file = project / "models" / "marts" / "quality" / "identity_status.yml"
    properties = yaml.safe_load(file.read_text("utf-8"))
    (proof,) = (test for test in properties["unit_tests"] if test["name"] == failed[0])
    proof["given"][0]["rows"][0] |= example["given"][0]["rows"][0]
    proof["expect"]["rows"] += example["expect"]["rows"]
    file.write_text(yaml.safe_dump(properties, sort_keys=False))
    assert problems(build_status(project)) == []
    (name,) = identity["vars"]["identities"]
    found = statuses(database, name)
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
    failed = [result.node.name for result in problems(outcome)]
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
