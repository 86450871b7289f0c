"""A build tests the days that it built, until they pass; and everything after a change of code."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
from copied import project_copy
from dbt.cli.main import dbtRunner
from one_path import TARGETS, at_one_path
from platforms import simulated
from rich.console import Console

from tributary.build import release_database, run_build
from tributary.settings import Settings, resolve

SIMULATED = ("--days", "12", "--requests-per-day", "400", "--seed", "5", "--format", "parquet")
CLICKS = "valid_clicks_of_a_response_are_none_or_one"
# Sums over the whole ledger and counts of late rows, of all days by their meaning: a few columns.
# And whether a day is there at all, which the days themselves cannot say.
OF_THE_WHOLE = {
    "every_charge_has_the_day_of_its_request",
    "fct_early_responses_has_a_day_in_each_row",
    "fct_late_responses_has_a_day_in_each_row",
    "fct_responses_has_a_day_in_each_row",
    "fct_traffic_has_a_day_in_each_row",
    "ledger_totals_agree_per_currency_to_the_micro_unit",
    "ledger_basis_is_the_accepted_ledger_of_the_day_charged",
    "lateness_of_the_charges_is_that_of_the_whole_ledger_to_the_micro_unit",
    "late_charges_are_accepted_charges_of_their_day",
    "late_requests_are_accepted_requests_of_their_day",
    "there_is_at_least_one_accepted_request",
}
# What is wrong on a day that waits for its tests: (what was done to the tables, who notices).
FAULTS = {
    "delete from intermediate.int_events__requests_judged where landed_on = $day": {
        "every_child_joins_its_parent_or_is_quarantined",
        "every_accepted_impression_has_an_accepted_request",
        "accepted_requests_of_a_landed_day_are_those_that_the_facts_are_made_of",
    },
    "delete from facts.fct_traffic where requested_on = $day": {
        "every_response_joins_its_request",
        "counts_of_revenue_daily_are_those_of_the_requests",
        "revenue_is_one_number_from_the_ledger_to_the_marts",
    },
    # The same key on the day before: two days that were never built together.
    """insert into intermediate.int_events__clicks_judged by name
    select * replace (landed_on - 1 as landed_on)
    from intermediate.int_events__clicks_judged where landed_on = $day""": {
        "accepted_clicks_are_unique",
    },
    """update intermediate.int_events__event_charges_judged set amount_micros = amount_micros + 1
    where landed_on = $day and outcome = 'accepted'""": {
        "money_delivered_is_accepted_repeated_or_quarantined",
    },
    """update intermediate.int_events__actions_judged set requested_on = requested_on + 1
    where landed_on = $day""": {
        "a_traced_conversion_knows_the_role_of_its_click",
    },
    """update intermediate.int_events__impressions_judged set result_id = null
    where landed_on = $day""": {
        "an_impression_without_reasons_of_its_own_is_complete",
    },
}


class Warehouse:
    """A platform with files by day, and what was built of it."""

    def __init__(self, folder: Path) -> None:
        self.events = folder / "platform"
        self.database = folder / "warehouse" / "build.duckdb"
        self.asked: list[str] = []
        """What the last dbt command asked of the days to be tested."""
        simulated(self.events, *SIMULATED)
        self.settings: Settings = resolve(
            events=str(self.events), warehouse=at_one_path(self.database.parent)
        )

    def dbt(self, *arguments: str) -> dict[str, Any]:
        """Result of each test."""
        self.asked.clear()
        with self.settings.exported():
            outcome = dbtRunner(callbacks=[self._listen]).invoke(
                ["--quiet", "--log-level", "none", *arguments, "--no-write-json"]
            )
        release_database()
        assert outcome.exception is None, outcome.exception
        return {
            result.node.name: result
            for result in outcome.result.results  # type: ignore[union-attr]
            if result.node.resource_type == "test"
        }

    def _listen(self, event: Any) -> None:
        if event.info.name == "SQLQuery":
            _, _, asked = event.data.sql.partition("from state.untested_days where model in ")
            self.asked += [asked] if asked else []

    def verdict(self, *arguments: str) -> str:
        """What the one test that is selected says."""
        (result,) = self.dbt(*arguments, "--select", CLICKS).values()
        return str(result.status)

    def models(self, again: date | None = None) -> None:
        """Build without testing: what changed, or one landed day again."""
        settings = replace(self.settings, backfill=(again, again) if again else None)
        result = run_build(settings, ["--resource-type", "model"], Console(), verbose=False)
        assert result.succeeded, (result.error, result.problems)

    def run(self, statement: str, **values: object) -> list[tuple[Any, ...]]:
        """One statement on the warehouse."""
        with duckdb.connect(str(self.database)) as connection:
            return connection.execute(statement, values or None).fetchall()

    def untested(self) -> set[Any]:
        """Days that wait for their tests."""
        return {day for (day,) in self.run("select distinct day from state.untested_days")}

    @contextmanager
    def a_wrong_count(self, day: object) -> Iterator[None]:
        """On one day a response has more valid clicks than there can be."""
        update = (
            "update facts.fct_early_responses set clicks = {} where impression_id = ("
            "select min(impression_id) from facts.fct_early_responses "
            "where requested_on = $day and clicks = {})"
        )
        self.run(update.format(7, 1), day=day)
        try:
            yield
        finally:
            self.run(update.format(1, 7), day=day)


def unhappy(results: dict[str, Any]) -> set[str]:
    """Tests that did not pass, nor only warn."""
    return {name for name, result in results.items() if result.status not in ("pass", "warn")}


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    made = Warehouse(tmp_path_factory.mktemp("tested_days"))
    made.models()
    return made


def test_the_first_build_tests_everything_and_nothing_is_left(warehouse: Warehouse) -> None:
    assert warehouse.untested()
    results = warehouse.dbt("build", "--exclude-resource-type", "unit_test")
    assert unhappy(results) == set()
    assert len(results) > 500
    assert not warehouse.untested()


def test_a_build_leaves_days_alone_that_have_passed(warehouse: Warehouse) -> None:
    (first,) = warehouse.run("select min(requested_on) from facts.fct_responses where clicks = 1")
    with warehouse.a_wrong_count(first[0]):
        assert warehouse.verdict("build") == "pass"
        assert warehouse.verdict("test") == "fail"
        # A setting that a test may hang on is another one: old days may be wrong under it.
        another = ("--vars", "{volume_floor: 0.3}", "--target-path", str(TARGETS / "volume"))
        assert warehouse.verdict("build", *another) == "fail"
        assert warehouse.verdict("build") == "pass"


def test_days_that_were_built_are_tested_until_they_pass(warehouse: Warehouse) -> None:
    (newest,) = warehouse.run("select max(requested_on) from facts.fct_responses where clicks = 1")
    warehouse.models(again=newest[0])
    assert newest[0] in warehouse.untested()
    with warehouse.a_wrong_count(newest[0]):
        assert warehouse.verdict("build") == "fail"
        assert warehouse.verdict("build") == "fail"
    assert warehouse.verdict("build") == "pass"
    assert newest[0] in warehouse.untested(), "one test is not all"


def test_every_sort_of_fault_on_a_new_day_is_found(warehouse: Warehouse) -> None:
    """Tests of one row, of sums, of keys and of parents, on days of both sorts."""
    (newest,) = warehouse.run(
        "select max(landed_on) from (select landed_on from "
        "intermediate.int_events__requests_judged group by landed_on having count(*) > 100)"
    )
    warehouse.models(again=newest[0])
    whole = warehouse.database.read_bytes()
    for fault, tests in FAULTS.items():
        warehouse.run(fault, day=newest[0])
        # One by one: a build asks nothing more of what has failed a test.
        for test in tests:
            (result,) = warehouse.dbt("build", "--select", test).values()
            assert result.status == "fail", (fault, test, result.message)
        warehouse.database.write_bytes(whole)


def test_no_test_reads_event_rows_of_days_that_have_passed(warehouse: Warehouse) -> None:
    """What costs more with each day of history is listed: it is little."""
    results = warehouse.dbt("build", "--exclude-resource-type", "unit_test")
    assert unhappy(results) == set()
    assert not warehouse.untested()
    # Hundreds of tests hang on a few dozen sets of tables: of each they ask once.
    assert 10 < len(warehouse.asked) == len(set(warehouse.asked)) < len(results) / 5
    event_rows = {
        "fct_requests",
        "fct_impressions",
        "fct_charges",
        "fct_responses",
        "fct_early_responses",
        "fct_late_responses",
        "fct_traffic",
    }
    of_the_whole = set()
    for name, result in results.items():
        read = {identifier.split(".")[-1] for identifier in result.node.depends_on.nodes}
        is_of_events = read & event_rows or any(
            model.startswith(("int_events__", "stg_events__")) for model in read
        )
        if is_of_events and "date '20" not in result.node.compiled_code:
            of_the_whole.add(name)
    assert of_the_whole == OF_THE_WHOLE


def test_code_that_was_read_in_part_is_the_code_that_was_read_whole(tmp_path: Path) -> None:
    """Else every old day is tested again after dbt has read the project in the other way."""
    project = project_copy(tmp_path / "project")

    def code() -> str:
        said: list[str] = []

        def listen(event: Any) -> None:
            if "code is " in event.info.msg:
                said.append(event.info.msg)

        places = ["--project-dir", str(project), "--profiles-dir", str(project)]
        ask = (
            "{% if execute %}{{ log('code is ' ~ fingerprint_of_project(), info=true) }}{% endif %}"
        )
        inline = ["--inline", f"{ask} select 1", "--target-path", str(tmp_path / "target")]
        outcome = dbtRunner(callbacks=[listen]).invoke(
            ["--quiet", "compile", "--no-write-json", "--target", "lint", *places, *inline]
        )
        assert outcome.success, outcome.exception
        return said[-1]

    whole = code()
    with (project / "macros" / "days" / "state.sql").open("a") as file:
        file.write("\n{#- A remark between macros changes nothing. -#}\n")
    assert code() == whole
