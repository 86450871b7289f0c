"""Two logs that nobody here made go through the whole pipeline and come out to the micro-unit.

The logs lie outside of the checkout: in the folder that TRIBUTARY_REAL_LOGS names, else in
`../shared/data`. What is expected of them is counted here from the files themselves.
"""

import csv
import os
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from conftest import Command, unit_tests_passed
from one_path import TARGETS

# Fields of a line of the bid log that are read here.
CLICK, BID_ID, BID_AT, USER, USER_AGENT = 0, 3, 4, 6, 7
CREATIVE, BID_PRICE, PAID_PRICE, ADVERTISER, TAGS = 21, 22, 23, 25, 26
FEN_PER_YUAN_AND_THOUSAND = Decimal(100 * 1000)

Build = Callable[..., "Warehouse"]


@dataclass(frozen=True)
class Warehouse:
    """A finished build."""

    database: Path

    def fetch(self, query: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.database), read_only=True) as connection:
            return connection.execute(query).fetchall()

    def row(self, query: str) -> tuple[Any, ...]:
        (row,) = self.fetch(query)
        return row

    def rows_in(self) -> dict[str, tuple[Any, ...]]:
        """Raw, accepted, duplicate and quarantined rows, by event table."""
        rows = self.fetch(
            "select event_table, sum(raw_rows), sum(accepted_rows), sum(duplicate_rows), "
            "sum(quarantined_rows) from marts.conservation_daily group by event_table"
        )
        return {table: tuple(counts) for table, *counts in rows}


@pytest.fixture(scope="module")
def build(
    root: Path, tributary: Command, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Warehouse]:
    """Build a log with every data test, or only what a `--select` names."""

    def run(source: str, folder: Path, *options: str) -> Warehouse:
        scratch = tmp_path_factory.mktemp(source)
        with pytest.MonkeyPatch.context() as patch:
            # What dbt keeps from parse to parse is of another log format in the checkout.
            patch.setenv("DBT_TARGET_PATH", str(TARGETS / source))
            patch.setenv("DBT_LOG_PATH", str(scratch / "logs"))
            if options:
                patch.setenv("DBT_INDIRECT_SELECTION", "empty")
            outcome = tributary(
                *("run", "--source", source, "--events", folder, "--warehouse", scratch), *options
            )
        assert outcome.returncode == 0, outcome.stdout + outcome.stderr
        return Warehouse(scratch / "build.duckdb")

    return run


def real_log(root: Path, folder: str, file: str) -> Path:
    """The file of a real log; skips the test where it is absent."""
    place = Path(os.environ.get("TRIBUTARY_REAL_LOGS", root.parent / "shared" / "data"))
    path = place / folder / file
    if not path.is_file():
        pytest.skip(f"no {path}: set TRIBUTARY_REAL_LOGS to the folder that holds {folder}/")
    return path


# The bid log ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bid_log(root: Path) -> Path:
    return real_log(root, "ipinyou_2259", "impressions.log.tsv")


@pytest.fixture(scope="module")
def bids(bid_log: Path) -> list[list[str]]:
    return [line.split("\t") for line in bid_log.read_text("utf-8").splitlines()]


@pytest.fixture(scope="module")
def ipinyou(build: Build, bid_log: Path) -> Warehouse:
    return build("ipinyou", bid_log.parent)


def versions_of_the_repeated_bid(bids: list[list[str]]) -> list[list[str]]:
    """The lines of the one bid that stands twice in the log, older first."""
    by_id: dict[str, list[list[str]]] = defaultdict(list)
    for bid in bids:
        by_id[bid[BID_ID]].append(bid)
    (versions,) = (lines for lines in by_id.values() if len(lines) > 1)
    return sorted(versions, key=lambda bid: bid[BID_AT])


def price_of_one(bid: list[str]) -> Decimal:
    """What one impression cost, in CNY: the log has fen per thousand."""
    return int(bid[PAID_PRICE]) / FEN_PER_YUAN_AND_THOUSAND


def test_every_line_of_the_bid_log_is_accounted_for_in_each_table(
    ipinyou: Warehouse, bids: list[list[str]]
) -> None:
    assert len(bids) == 8355
    assert ipinyou.rows_in() == {
        "requests": (8355, 8354, 0, 1),
        "impressions": (8355, 8354, 0, 1),
        "clicks": (5, 5, 0, 0),
        "charges": (8355, 8354, 0, 1),
    }


def test_the_repeated_bid_is_a_conflict_and_the_later_line_counts(
    ipinyou: Warehouse, bids: list[list[str]]
) -> None:
    older, later = versions_of_the_repeated_bid(bids)
    parts = {place for place in range(len(older)) if older[place] != later[place]}
    assert parts == {BID_AT, USER, TAGS}
    assert ipinyou.fetch(
        "select event_table, event_key, reasons, is_superseded, raw_row ->> 'user_id' "
        "from facts.fct_quarantined_events order by event_table"
    ) == [
        (table, older[BID_ID], "conflicting_duplicate", True, older[USER])
        for table in ("charges", "impressions", "requests")
    ]
    assert ipinyou.row(
        f"select user_id from facts.fct_requests where request_id = '{older[BID_ID]}'"
    ) == (later[USER],)


def test_the_money_of_the_bid_log_is_exact_and_so_is_what_is_held_back(
    ipinyou: Warehouse, bids: list[list[str]]
) -> None:
    assert sum(int(bid[PAID_PRICE]) for bid in bids) == 779_283
    (accepted,) = ipinyou.row(
        "select sum(revenue) from marts.revenue_daily where surface = '(all)'"
    )
    (held_back,) = ipinyou.row(
        "select sum(amount) from marts.quarantine_summary where event_table = 'charges'"
    )
    assert (accepted, held_back) == (Decimal("7.792490"), Decimal("0.000340"))
    assert accepted + held_back == Decimal("7.792830") == sum(map(price_of_one, bids))
    assert ipinyou.row("select sum(ledger_basis_revenue) from marts.reconciliation_daily") == (
        accepted,
    )


def test_each_local_day_of_the_bid_log_is_a_day_of_the_mart(
    ipinyou: Warehouse, bids: list[list[str]]
) -> None:
    held_back, _ = versions_of_the_repeated_bid(bids)
    days: dict[str, tuple[int, int, Decimal]] = defaultdict(lambda: (0, 0, Decimal(0)))
    for bid in bids:
        if bid is not held_back:
            shown, clicks, paid = days[bid[BID_AT][:8]]
            days[bid[BID_AT][:8]] = (shown + 1, clicks + int(bid[CLICK]), paid + price_of_one(bid))
    assert len(days) == 4
    assert ipinyou.fetch(
        "select strftime(requested_on, '%Y%m%d'), ad_impressions, ad_clicks, revenue "
        "from marts.revenue_daily where surface = '(all)' order by 1"
    ) == [(day, *sums) for day, sums in sorted(days.items())]


def test_bids_are_micro_units_per_thousand(ipinyou: Warehouse, bids: list[list[str]]) -> None:
    fen = {int(bid[BID_PRICE]) for bid in bids}
    assert ipinyou.fetch("select distinct bid_micros from facts.fct_impressions order by 1") == [
        (price * 10_000,) for price in sorted(fen)
    ]


def test_a_day_without_a_click_leaves_its_revenue_to_the_identities_without_one(
    ipinyou: Warehouse,
) -> None:
    day, revenue = ipinyou.row(
        "select requested_on, revenue from marts.revenue_daily "
        "where surface = '(all)' and ad_clicks = 0"
    )
    assert (str(day), revenue) == ("2013-10-20", Decimal("1.945550"))
    statuses = {
        identity: rest
        for identity, *rest in ipinyou.fetch(
            "select identity, status, reason, unexplained_revenue from marts.identity_status "
            "where entry = 'definition' and dimension = '(all)' "
            f"and period_grain = 'day' and period_starts_on = date '{day}'"
        )
    }
    assert statuses["five_factor"] == ["undefined", "acp is undefined: ad_clicks is 0", revenue]
    assert statuses["per_impression"] == ["holds", None, Decimal(0)]
    assert statuses["per_request"] == ["holds", None, Decimal(0)]


# The session log --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def session_log(root: Path) -> Path:
    return real_log(root, "kddcup2012_search_ads", "session_ads.csv")


@pytest.fixture(scope="module")
def sessions(session_log: Path) -> list[dict[str, str]]:
    with session_log.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def kddcup2012(build: Build, session_log: Path) -> Warehouse:
    return build("kddcup2012", session_log.parent)


def test_every_showing_and_click_of_the_session_log_is_one_event(
    kddcup2012: Warehouse, sessions: list[dict[str, str]]
) -> None:
    assert len(sessions) == 20_208
    shown = sum(int(line["impression"]) for line in sessions)
    clicked = sum(int(line["click"]) for line in sessions)
    assert (shown, clicked) == (51_213, 3_366)
    # Lines with equal values are lines of their own: not one row is a duplicate.
    assert len({tuple(line.values()) for line in sessions}) < len(sessions)
    assert kddcup2012.rows_in() == {
        "requests": (shown, shown, 0, 0),
        "impressions": (shown, shown, 0, 0),
        "clicks": (clicked, clicked, 0, 0),
    }
    assert kddcup2012.row(
        "select requests, ad_impressions, ad_clicks, revenue from marts.revenue_daily "
        "where surface = '(all)'"
    ) == (shown, shown, clicked, Decimal(0))


def test_each_advertiser_of_the_session_log_has_its_own_showings_and_clicks(
    kddcup2012: Warehouse, sessions: list[dict[str, str]]
) -> None:
    expected: dict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for line in sessions:
        shown, clicked = expected[line["advertiser_id"]]
        expected[line["advertiser_id"]] = (
            shown + int(line["impression"]),
            clicked + int(line["click"]),
        )
    assert len(expected) == 4_282
    assert kddcup2012.fetch(
        "select advertiser_id, ad_impressions, ad_clicks from marts.advertiser_daily order by 1"
    ) == [(advertiser, *counts) for advertiser, counts in sorted(expected.items())]


def test_the_double_entry_of_asn_shows_the_ads_that_the_sample_left_out(
    kddcup2012: Warehouse, sessions: list[dict[str, str]]
) -> None:
    shown = sum(int(line["impression"]) for line in sessions)
    sent = sum(int(line["depth"]) * int(line["impression"]) for line in sessions)
    assert (shown, sent) == (51_213, 113_874)
    asn, sent_in_mart, requests = kddcup2012.row(
        "select asn, commercial_results_returned, requests from marts.revenue_daily "
        "where surface = '(all)'"
    )
    assert (asn, sent_in_mart, requests) == (1.0, sent, shown)
    result, product, *entries = kddcup2012.row(
        "select result, product, first_entry, second_entry, only_in_first, only_in_second "
        "from marts.identity_status where identity = 'ctr3_chain' and entry = 'double_entry' "
        "and factor = 'asn' and dimension = '(all)'"
    )
    assert entries == [shown, sent, 0, sent - shown]
    # CTR3 with the ASN of the whole page is that much higher: 113,874 / 51,213 = 2.2235.
    assert product == pytest.approx(result * sent / shown, rel=1e-12)


def test_without_a_price_the_identities_of_money_say_what_they_lack(
    kddcup2012: Warehouse,
) -> None:
    reasons = dict(
        kddcup2012.fetch(
            "select identity, reason from marts.identity_status "
            "where entry = 'definition' and dimension = '(all)' and status = 'undefined'"
        )
    )
    assert reasons["per_advertiser"] == "arpu is undefined: active_advertisers is 0"
    assert reasons["action_priced"] == "aap is undefined: ad_actions is 0"
    assert set(reasons) >= {"advertiser_click", "cpa_chain", "roas_chain"}
    assert kddcup2012.row(
        "select arpu, cpa, roas, ctr2 > 0 from marts.revenue_daily where surface = '(all)'"
    ) == (None, None, None, True)


# Both -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("log", ["ipinyou", "kddcup2012"])
def test_no_identity_is_violated_by_its_own_definition(
    log: str, request: pytest.FixtureRequest
) -> None:
    warehouse: Warehouse = request.getfixturevalue(log)
    statuses = dict(
        warehouse.fetch(
            "select status, count(*) from marts.identity_status "
            "where entry = 'definition' group by status"
        )
    )
    assert set(statuses) == {"holds", "undefined"}
    assert warehouse.row(
        "select count(*) from marts.identity_status where status = 'undefined' and reason is null"
    ) == (0,)


# Lines made up for the purpose --------------------------------------------------------------------


MOMENTS = {"requests": "requested_at", "impressions": "impressed_at", "charges": "charged_at"}


MODELS_ONLY = ("--select", "resource_type:model")


def adapter_tests_passed(source: str, log: Path, warehouse: Warehouse) -> int:
    return unit_tests_passed(
        warehouse.database.parent, f"path:models/staging/{source}", source, str(log)
    )


GOOD_BID = (
    "0|0|12|b0|20130106120000000|1|u1|windows_ie|192.0.2.*|1|2|1|d|u|null|s1|300|250|Na|Na|0|c1|300|"
    "70|null|a1|null"
)


def bid(number: int, changes: dict[int, str]) -> str:
    """A line of a bid log in which nothing is wrong but what is changed."""
    fields = GOOD_BID.split("|")
    for place, value in {BID_ID: f"b{number}", **changes}.items():
        fields[place] = value
    return "\t".join(fields)


def test_no_bad_line_of_a_bid_log_stops_the_good_ones(build: Build, tmp_path: Path) -> None:
    (tmp_path / "impressions.log.tsv").write_text(
        "\n".join(
            [
                bid(1, {CLICK: "1", CREATIVE: '"quoted'}),
                bid(1, {CLICK: "1", CREATIVE: '"quoted'}),
                bid(2, {BID_AT: "yesterday"}),
                bid(3, {PAID_PRICE: "free"}),
                bid(4, {USER_AGENT: "toaster_ie"}),
                bid(5, {CLICK: "2"}),
                bid(6, {ADVERTISER: "", PAID_PRICE: "-70"}),
            ]
        )
        + "\n"
    )
    warehouse = build("ipinyou", tmp_path, *MODELS_ONLY)
    assert adapter_tests_passed("ipinyou", tmp_path, warehouse) >= 5
    assert warehouse.rows_in() == {
        "requests": (7, 4, 1, 2),
        "impressions": (7, 3, 1, 3),
        "clicks": (3, 1, 1, 1),
        "charges": (7, 2, 1, 4),
    }
    assert set(
        warehouse.fetch(
            "select event_key, event_table, reasons from facts.fct_quarantined_events "
            "where reasons not like 'orphan%'"
        )
    ) == {
        *(("b2", table, f"unparsable_{moment}") for table, moment in MOMENTS.items()),
        ("b3", "charges", "unparsable_amount_micros"),
        ("b4", "requests", "unknown_device_type"),
        ("b5", "clicks", "unknown_click"),
        ("b6", "impressions", "missing_advertiser_id,missing_campaign_id"),
        ("b6", "charges", "missing_advertiser_id,negative_amount_without_original"),
    }
    assert warehouse.row(
        "select sum(revenue) from marts.revenue_daily where surface = '(all)'"
    ) == (Decimal("0.001400"),)


SESSION_COLUMNS = (
    "click,impression,url_hash,ad_id,advertiser_id,depth,position,query_id,keyword_id,title_id,"
    "description_id,user_id"
)
SESSIONS = [
    "1,3,9,ad1,a1,2,1,1,1,1,1,u1",
    "1,3,9,ad1,a1,2,1,1,1,1,1,u1",
    "0,2,9,ad2,a1,3,3,1,1,1,1,0",
    "0,none,9,ad3,a1,3,3,1,1,1,1,0",
    "2,1,9,ad4,a2,1,1,1,1,1,1,0",
    "no,1,9,ad5,a2,1,1,1,1,1,1,0",
    "0,1,9,ad6,,1,1,1,1,1,1,0",
]


def test_no_bad_line_of_a_session_log_stops_the_good_ones(build: Build, tmp_path: Path) -> None:
    log = tmp_path / "session_ads.csv"
    log.write_text("\n".join([SESSION_COLUMNS, *SESSIONS]) + "\n")
    warehouse = build("kddcup2012", tmp_path, *MODELS_ONLY)
    assert adapter_tests_passed("kddcup2012", tmp_path, warehouse) >= 5
    assert warehouse.rows_in() == {
        "requests": (12, 11, 0, 1),
        "impressions": (12, 10, 0, 2),
        "clicks": (5, 3, 0, 2),
    }
    assert set(
        warehouse.fetch(
            "select raw_row ->> 'ad_id', event_table, reasons from facts.fct_quarantined_events"
        )
    ) == {
        ("ad3", "requests", "unparsable_impression"),
        ("ad3", "impressions", "orphan_impression"),
        ("ad4", "clicks", "orphan_click"),
        ("ad5", "clicks", "unparsable_click"),
        ("ad6", "impressions", "missing_advertiser_id,missing_campaign_id"),
    }
    # The staging views read the file where it lies: its lines in another order give the same keys.
    keys = (
        "select impression_id, result_id, impressed_at "
        "from staging.stg_kddcup2012__impressions order by all"
    )
    before = warehouse.fetch(keys)
    assert len({key for key, *_ in before}) == len(before)
    log.write_text("\n".join([SESSION_COLUMNS, *reversed(SESSIONS)]) + "\n")
    assert warehouse.fetch(keys) == before
