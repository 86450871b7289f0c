"""What a run tells of itself: everything when it passes, and why not when it does not."""

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest
from landed import land, platform_of
from one_path import at_one_path

from tributary.build import BuildResult, NodeOutcome
from tributary.publish.lock import held
from tributary.publish.places import Places
from tributary.publish.publication import served
from tributary.publish.reports import Ending
from tributary.publish.run import Run, last_runs
from tributary.schedule import run
from tributary.schedule.graph import CANDIDATE, PUBLICATION, Graph, read_graph
from tributary.schedule.run import Told, write_audit_publish
from tributary.settings import Settings, resolve

DAY = datetime.now(UTC).date() - timedelta(days=1)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A day of a tiny platform, with a charge in a currency that has no rate; nothing is built."""
    events = tmp_path_factory.mktemp("events")
    tables = platform_of(DAY)
    tables["charges"].append(
        {**tables["charges"][0], "charge_id": "h2", "event_id": "nothing", "currency": "USD"}
    )
    land(tables, events, DAY)
    warehouse = at_one_path(tmp_path_factory.mktemp("warehouse"))
    return replace(resolve(warehouse=warehouse), events=str(events), backfill=(DAY, DAY))


@pytest.fixture(scope="module")
def graph(settings: Settings) -> Graph:
    return read_graph(settings)


def told_until_the_end(settings: Settings, graph: Graph) -> tuple[list[Told], dg.Failure | None]:
    """What a run told, and how it failed."""
    told: list[Told] = []
    try:
        for one in write_audit_publish(settings, graph, 0, print):
            told.append(one)
    except dg.Failure as failed:
        return told, failed
    return told, None


@pytest.fixture(scope="module")
def told(settings: Settings, graph: Graph) -> list[Told]:
    """What a first run told."""
    told, failed = told_until_the_end(settings, graph)
    assert failed is None, failed.description
    return told


def test_a_run_tells_of_every_model_test_and_rule_and_then_of_the_publication(
    told: list[Told], settings: Settings, graph: Graph
) -> None:
    made = [one.asset_key for one in told if isinstance(one, dg.MaterializeResult)]
    checks = [one for one in told if isinstance(one, dg.AssetCheckResult)]
    assert sorted(map(str, made)) == sorted(str(asset.key) for asset in graph.assets)
    assert made[-2:] == [CANDIDATE, PUBLICATION]
    asked = sorted((str(one.asset_key), str(one.check_name)) for one in checks)
    assert asked == sorted((str(check.asset_key), check.name) for check in graph.checks)
    broken = [one for one in checks if not one.passed]
    assert {one.severity for one in broken} == {dg.AssetCheckSeverity.WARN}
    assert "rates_are_present" in {one.check_name for one in broken}
    now = served(Places(settings.warehouse))
    assert now is not None
    assert isinstance(told[-1], dg.MaterializeResult)
    assert told[-1].metadata is not None
    assert told[-1].metadata["run"] == now.manifest.run_id
    assert told[-1].metadata["revenue"] == "1.500000 CNY"


def test_what_a_build_need_not_test_again_is_told_as_it_was(
    told: list[Told], settings: Settings, graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    warned = "surfaces_add_up_to_the_day"
    marts = [key.path[-1] for key in graph.models.values() if key.path[0] == "marts"]

    def settled(at_work: Run, *_: object) -> list[str]:
        at_work.build = BuildResult(
            warnings=[NodeOutcome(warned, "test", "warn", 7, "7 found.")], marts=marts
        )
        return marts

    monkeypatch.setattr(run, "build_marts", settled)
    again, failed = told_until_the_end(settings, graph)
    assert failed is None
    tests = {key.name for key in graph.tests.values()}
    checks = [one for one in again if isinstance(one, dg.AssetCheckResult)]
    assert {one.check_name for one in checks if one.check_name in tests} == tests
    broken = [one for one in checks if one.check_name in tests and not one.passed]
    assert [(one.check_name, one.severity) for one in broken] == [
        (warned, dg.AssetCheckSeverity.WARN)
    ]
    assert broken[0].metadata is not None
    assert broken[0].metadata["found"] == dg.MetadataValue.int(7)


def test_while_another_run_is_at_work_it_fails_for_now_and_says_who_that_is(
    settings: Settings, graph: Graph
) -> None:
    before = last_runs(settings, 5)
    with held(Places(settings.warehouse).lock, lambda _: "the-other"):
        told, failed = told_until_the_end(settings, graph)
    assert told == []
    assert failed is not None
    assert failed.allow_retries
    assert f"run the-other (process {os.getpid()} on" in str(failed.description)
    left, *others = last_runs(settings, 6)
    assert (left.ending, others) == (Ending.busy, before)


def test_a_day_that_has_not_landed_may_still_land(settings: Settings, graph: Graph) -> None:
    tomorrow = DAY + timedelta(days=1)
    asked = replace(settings, backfill=(tomorrow, tomorrow))
    told, failed = told_until_the_end(asked, graph)
    assert told == []
    assert failed is not None
    assert failed.allow_retries
    assert "No event log under" in str(failed.description)
