"""The command line says what it does, and its exit codes mean what they should."""

import json
import subprocess
from decimal import Decimal
from pathlib import Path

import pytest
from conftest import unit_tests_passed
from dbt.cli.main import dbtRunner
from one_path import ONE_PATH, at_one_path
from tiny import tiny_platform, write_platform
from typer.testing import CliRunner

from tributary.cli import app
from tributary.settings import resolve
from tributary.whatif.answer import Answer
from tributary.words import REFUSED


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ([], ["run", "simulate", "quarantine", "Exit codes"]),
        (["run"], ["--events", "--source", "--warehouse", "--select", "--verbose"]),
        (["simulate"], ["--seed", "--days", "--requests-per-day", "--format", "--missing-day"]),
        (["quarantine"], ["--table", "--reason", "mended"]),
        (["status"], ["--verify", "--json", "--warehouse"]),
        (["postgres"], ["--url", "--schema", "--warehouse", "--wait", "TRIBUTARY_POSTGRES_URL"]),
        (["rollback"], ["--wait", "--warehouse"]),
        (["schedule"], ["--port", "--host", "--home", "TRIBUTARY_CRON"]),
        (["bench-readers"], ["--readers", "--publications"]),
        (["whatif"], ["--set", "--identity", "--surface", "--by", "--from", "--to", "--json"]),
    ],
)
def test_help_names_every_option(command: list[str], words: list[str]) -> None:
    outcome = CliRunner().invoke(app, [*command, "--help"], terminal_width=200)
    assert outcome.exit_code == 0
    for word in words:
        assert word in outcome.output


def test_a_run_shows_rows_reasons_revenue_and_where_the_mart_is(
    seeds_run: tuple[Path, "subprocess.CompletedProcess[str]"],
) -> None:
    outcome = seeds_run[1]
    said = outcome.stdout
    for words in (
        "impressions  27,890    27,745         52           93",
        "charge_on_invalid_click",
        "search   2,142",
        "equal to the micro-unit",
        str(ONE_PATH / "marts.duckdb"),
    ):
        assert words in said
    assert "failed" not in said


def test_revenue_under_changed_factors_is_asked_of_what_the_run_published(
    seeds_run: tuple[Path, "subprocess.CompletedProcess[str]"],
) -> None:
    warehouse = seeds_run[0]
    command = ["whatif", "--warehouse", str(warehouse), "--set", "acp=+10%", "--json"]
    for by in ([], ["--by", "surface"], ["--by", "region_code"]):
        outcome = CliRunner().invoke(app, [*command, *by])
        assert outcome.exit_code == 0, outcome.output
        answer = Answer.model_validate_json(outcome.output)
        published = json.loads((warehouse / "publications/current/manifest.json").read_text())
        assert str(answer.total.revenue) == published["revenue"]
        changed = sum((one.revenue for one in answer.slices if not one.reason), Decimal(0))
        assert abs(answer.total.change - changed / 10) < len(answer.slices) * Decimal("0.000001")
        # A platform of a few hundred requests a day shows nothing firm, and says so.
        assert answer.total.adjusted is None
        assert not any(one.is_used for one in answer.associations)
    assert len(answer.slices) > 5


def test_every_seed_figure_in_the_readme_is_what_a_run_shows(
    root: Path, seeds_run: tuple[Path, "subprocess.CompletedProcess[str]"]
) -> None:
    shown = {" ".join(line.split()) for line in seeds_run[1].stdout.splitlines()}
    readme = (root / "README.md").read_text("utf-8")
    block = readme.split("### What you see after `make run`")[1].split("```")[1]
    figures = [" ".join(line.split()) for line in block.splitlines() if "  " in line.strip()]
    assert len(figures) > 30
    # The terminal of the README is narrower: its folded lines are left out.
    whole = [line for line in figures if not line.startswith(("clicks, impr", "time_reversed"))]
    assert [line for line in whole if line not in shown] == []


def test_plain_dbt_takes_unit_tests_only_where_they_are_asked_for(tmp_path: Path) -> None:
    """They stand on the columns of the seeds, and the events may be typed files."""
    unit_tests = ("--quiet", "ls", "--resource-type", "unit_test")
    with resolve(warehouse=at_one_path(tmp_path)).exported():
        usual, asked_for = (
            dbtRunner().invoke([*unit_tests, *more])
            for more in ((), ("--select", "test_type:unit"))
        )
    assert usual.result == []
    assert isinstance(asked_for.result, list)
    assert len(asked_for.result) >= 200


def test_every_unit_test_of_the_models_passes(built_warehouse: Path) -> None:
    assert unit_tests_passed(built_warehouse.parent, "path:models") >= 200


@pytest.mark.parametrize(
    "command",
    [["run", "--warehouse", "/proc/no_place"], ["simulate", "--out", "/proc/no_place"]],
)
def test_a_folder_that_cannot_be_made_is_refused(command: list[str]) -> None:
    outcome = CliRunner().invoke(app, command)
    assert outcome.exit_code == REFUSED
    assert "/proc/no_place" in outcome.output
    assert "cannot be made" in outcome.output


def test_the_options_of_a_run_are_said_again_where_they_are_not_usual(tmp_path: Path) -> None:
    assert resolve().options == ""
    settings = resolve(events=str(tmp_path), source="ipinyou", warehouse=tmp_path / "my house")
    assert settings.options == (
        f" --events {tmp_path} --source ipinyou --warehouse '{tmp_path}/my house'"
    )


def test_a_part_is_built_in_a_new_warehouse_with_the_tests_that_need_no_other(
    tmp_path: Path,
) -> None:
    events = write_platform(tiny_platform(), tmp_path / "platform")
    outcome = CliRunner().invoke(
        app,
        [
            *("run", "--select", "+revenue_daily", "--events", str(events)),
            *("--warehouse", str(at_one_path(tmp_path / "warehouse"))),
        ],
    )
    assert outcome.exit_code == 0, outcome.output


def test_a_selector_that_names_nothing_is_said(tmp_path: Path) -> None:
    outcome = CliRunner().invoke(
        app, ["run", "--select", "no_such_model", "--warehouse", str(at_one_path(tmp_path))]
    )
    assert outcome.exit_code == REFUSED
    assert "Nothing is called no_such_model" in outcome.output
