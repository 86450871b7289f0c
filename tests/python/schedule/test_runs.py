"""What a run tells of itself: everything when it passes, and why not when it does not."""

import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import dagster as dg
import pytest

from tributary.publish.places import Places
from tributary.publish.publication import served
from tributary.publish.run import last_runs
from tributary.schedule.graph import CANDIDATE, PUBLICATION, Graph, read_graph
from tributary.schedule.run import Told, write_audit_publish
from tributary.settings import Settings, resolve

HOLD = """
import sys, time
from pathlib import Path
from tributary.publish.lock import held
with held(Path(sys.argv[1]), lambda now: "the-other"):
    print("held", flush=True)
    time.sleep(120)
"""


@pytest.fixture
def settings(built_warehouse: Path, tmp_path: Path) -> Settings:
    """A warehouse that has built the seeds and published nothing."""
    shutil.copy(built_warehouse, tmp_path / "build.duckdb")
    return resolve(warehouse=tmp_path)


@pytest.fixture(scope="module")
def graph() -> Graph:
    return read_graph(resolve())


def told_until_the_end(settings: Settings, graph: Graph) -> tuple[list[Told], dg.Failure | None]:
    """What a run told, and how it failed."""
    told: list[Told] = []
    try:
        for one in write_audit_publish(settings, graph, 0, print):
            told.append(one)
    except dg.Failure as failed:
        return told, failed
    return told, None


def test_a_run_tells_of_every_model_test_and_rule_and_then_of_the_publication(
    settings: Settings, graph: Graph
) -> None:
    told, failed = told_until_the_end(settings, graph)
    assert failed is None
    made = [one.asset_key for one in told if isinstance(one, dg.MaterializeResult)]
    checks = [one for one in told if isinstance(one, dg.AssetCheckResult)]
    assert sorted(map(str, made)) == sorted(str(asset.key) for asset in graph.assets)
    assert made[-2:] == [CANDIDATE, PUBLICATION]
    asked = sorted((str(one.asset_key), str(one.check_name)) for one in checks)
    assert asked == sorted((str(check.asset_key), check.name) for check in graph.checks)
    broken = [one for one in checks if not one.passed]
    assert {one.severity for one in broken} == {dg.AssetCheckSeverity.WARN}
    names = {str(one.check_name) for one in broken}
    assert {"rates_are_present", "the_quarantine_explains_every_gap_of_an_invoice"} <= names
    now = served(Places(settings.warehouse))
    assert now is not None
    assert isinstance(told[-1], dg.MaterializeResult)
    assert told[-1].metadata is not None
    assert told[-1].metadata["run"] == now.manifest.run_id
    assert told[-1].metadata["revenue"] == "3,155.828562 CNY"


def test_while_another_run_is_at_work_it_fails_for_now_and_says_who_that_is(
    settings: Settings, graph: Graph
) -> None:
    lock = Places(settings.warehouse).lock
    other = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(lock)], stdout=subprocess.PIPE, text=True
    )
    assert other.stdout is not None
    assert other.stdout.readline() == "held\n"
    told, failed = told_until_the_end(settings, graph)
    other.kill()
    other.wait()
    assert told == []
    assert failed is not None
    assert failed.allow_retries
    assert f"run the-other (process {other.pid} on" in str(failed.description)
    assert last_runs(settings, 5) == []


def test_a_day_that_has_not_landed_may_still_land(settings: Settings, graph: Graph) -> None:
    asked = replace(settings, backfill=(date(2026, 12, 1), date(2026, 12, 1)))
    told, failed = told_until_the_end(asked, graph)
    assert told == []
    assert failed is not None
    assert failed.allow_retries
    assert "No event log under" in str(failed.description)
