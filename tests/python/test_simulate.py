"""The simulator: what it writes, what it refuses, and whether its truth is true.

The truth is checked by `Referee`, a second and slow reading of the rules: plain Python over the
written
text, sharing no code with the simulator.
"""

import csv
import filecmp
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from tributary.simulate.command import simulate
from tributary.simulate.defects import all_recipes
from tributary.simulate.money import convert_half_even, decimal_text, rate_text
from tributary.simulate.run import run
from tributary.simulate.settings import LogFormat, Settings

TABLES = ("requests", "impressions", "clicks", "actions", "charges")
Truth = dict[str, Any]
Row = dict[str, str]

app = typer.Typer()
app.command()(simulate)


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with every default."""
    folder = tmp_path_factory.mktemp("simulate") / "seeds"
    folder.mkdir()
    run(Settings(), folder)
    return folder


@pytest.fixture(scope="module")
def truth(seeds: Path) -> Truth:
    return read_truth(seeds)


def read_truth(folder: Path) -> Truth:
    found: Truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    return found


def rows_of(mart: dict[str, Any]) -> list[dict[str, Any]]:
    return [dict(zip(mart["columns"], row, strict=True)) for row in mart["rows"]]


# ------------------------------------------------------------------------------------ the referee

EVENT_TIME = {
    "requests": "requested_at",
    "impressions": "impressed_at",
    "clicks": "clicked_at",
    "actions": "acted_at",
    "charges": "charged_at",
}
REQUIRED = {
    "requests": "request_id requested_at surface entry_point device_type results_returned "
    "commercial_results_returned ingested_at",
    "impressions": "impression_id request_id impressed_at result_id is_commercial position "
    "ingested_at",
    "clicks": "click_id impression_id clicked_at is_invalid ingested_at",
    "actions": "action_id acted_at action_type action_value_micros currency ingested_at",
    "charges": "charge_id charged_event advertiser_id charged_at amount_micros currency "
    "ingested_at",
}
ENUMERATIONS = {
    "surface": "search local feed splash video store display",
    "entry_point": "query recommend",
    "device_type": "phone tablet desktop tv",
    "pricing_model": "cpc cpm cpa cps",
    "charged_event": "impression click action adjustment",
    "action_type": "order booking coupon call download activation",
}
NOT_NEGATIVE = (
    "results_returned",
    "commercial_results_returned",
    "bid_micros",
    "action_value_micros",
)
TIMES = (*EVENT_TIME.values(), "ingested_at")
INTEGERS = (
    "results_returned",
    "commercial_results_returned",
    "position",
    "bid_micros",
    "action_value_micros",
    "amount_micros",
)
DOUBLES = ("predicted_ctr", "predicted_cvr")
BOOLEANS = ("is_commercial", "is_invalid")
ZONE = timedelta(hours=8)
TOLERANCE = timedelta(seconds=5)


def parse(column: str, text: str) -> Any:
    """The typed value; raises ValueError when the text is not of the type."""
    if column in TIMES:
        return datetime.fromisoformat(text)
    if column in INTEGERS:
        return int(text)
    if column in DOUBLES:
        return float(text)
    if column in BOOLEANS:
        return {"true": True, "false": False}[text] if text in ("true", "false") else int("bad")
    return text


def day_of(moment: datetime) -> date:
    return (moment + ZONE).date()


class Referee:
    """Reads a finished CSV folder and judges every row by the rules of the warehouse."""

    def __init__(self, folder: Path) -> None:
        self.rates: dict[tuple[str, date], Decimal] = {}
        for row in self._read(folder / "reference/fx_rates.csv"):
            day = date.fromisoformat(row["rate_date"])
            self.rates[row["currency"], day] = Decimal(row["rate"])
        self.accepted: dict[str, dict[str, dict[str, Any]]] = {}
        self.balance: Counter[tuple[str, str, str]] = Counter()
        self.quarantine: list[tuple[str, Row, dict[str, Any], tuple[str, ...]]] = []
        for table in TABLES:
            self._judge(table, self._read(folder / f"events/{table}.csv"))
        self.states = self._click_states()

    @staticmethod
    def _read(path: Path) -> list[Row]:
        with path.open(encoding="utf-8", newline="") as stream:
            return list(csv.DictReader(stream))

    def _judge(self, table: str, rows: list[Row]) -> None:
        key = f"{table[:-1]}_id"
        sound: dict[str, list[tuple[Row, dict[str, Any]]]] = defaultdict(list)
        kept: dict[str, dict[str, Any]] = {}
        for row in rows:
            typed, reasons = self._check_row(table, row)
            if reasons:
                self._refuse(table, row, typed, reasons)
            else:
                sound[row[key]].append((row, typed))
        originals: list[tuple[Row, dict[str, Any]]] = []
        for versions in sound.values():
            if len(versions) == 1:
                originals.append(versions[0])
                continue
            content = {id(row): tuple(row.values())[:-1] for row, _ in versions}
            ranked = sorted(
                versions,
                key=lambda one: (one[1]["ingested_at"], "|".join(content[id(one[0])])),
            )
            winner = content[id(ranked[-1][0])]
            same = [one for one in ranked if content[id(one[0])] == winner]
            originals.append(same[0])
            for row, typed in same[1:]:
                self._count(table, "duplicate", row, typed)
            for row, typed in ranked:
                if content[id(row)] != winner:
                    self._refuse(table, row, typed, ("conflicting_duplicate",))
        # Charges stand on charges: whatever is not an adjustment is judged first.
        originals.sort(key=lambda one: one[1].get("charged_event") == "adjustment")
        self.accepted[table] = kept
        for row, typed in originals:
            reasons = self._check_parent(table, typed)
            if reasons:
                self._refuse(table, row, typed, reasons)
            else:
                kept[row[key]] = typed
                self._count(table, "accepted", row, typed)

    def _event_day(self, table: str, typed: dict[str, Any]) -> str:
        moment = typed.get(EVENT_TIME[table]) or typed["ingested_at"]
        return day_of(moment).isoformat()

    def _count(self, table: str, outcome: str, row: Row, typed: dict[str, Any]) -> None:
        self.balance[self._event_day(table, typed), table, outcome] += 1

    def _refuse(
        self, table: str, row: Row, typed: dict[str, Any], reasons: tuple[str, ...]
    ) -> None:
        self._count(table, "quarantined", row, typed)
        self.quarantine.append((table, row, typed, reasons))

    def _check_row(self, table: str, row: Row) -> tuple[dict[str, Any], tuple[str, ...]]:
        required = REQUIRED[table].split()
        if table == "impressions" and row["is_commercial"] == "true":
            required += ["advertiser_id", "campaign_id", "pricing_model"]
        if table == "charges":
            adjusts = row["charged_event"] == "adjustment"
            required.append("original_charge_id" if adjusts else "event_id")
        reasons = [f"missing_{column}" for column in row if column in required and not row[column]]
        typed: dict[str, Any] = {}
        for column, text in row.items():
            try:
                typed[column] = parse(column, text) if text else None
            except ValueError:
                typed[column] = None
                reasons.append(f"unparsable_{column}")
        for column, allowed in ENUMERATIONS.items():
            if row.get(column) and row[column] not in allowed.split():
                reasons.append(f"unknown_{column}")
        for column in row:
            if column in NOT_NEGATIVE and (typed[column] or 0) < 0:
                reasons.append(f"negative_{column}")
            if column == "position" and typed[column] is not None and typed[column] < 1:
                reasons.append("implausible_position")
        if table == "requests":
            sent, returned = (
                typed["commercial_results_returned"],
                typed["results_returned"],
            )
            if None not in (sent, returned) and sent > returned:
                reasons.append("commercial_exceeds_returned")
        if (
            table == "charges"
            and (typed["amount_micros"] or 0) < 0
            and not row["original_charge_id"]
        ):
            reasons.append("negative_amount_without_original")
        happened, arrived = typed[EVENT_TIME[table]], typed["ingested_at"]
        if happened and arrived and happened > arrived + timedelta(minutes=5):
            reasons.append("from_the_future")
        return typed, tuple(reasons)

    def _check_parent(self, table: str, typed: dict[str, Any]) -> tuple[str, ...]:
        no_rate = self._no_rate(table, typed)
        parent_time, orphan, invalid = self._parent(table, typed)
        if orphan:
            return (f"orphan_{table[:-1]}", *no_rate)
        reasons = []
        if parent_time and typed[EVENT_TIME[table]] < parent_time - TOLERANCE:
            reasons.append("time_reversed")
        if invalid:
            reasons.append("charge_on_invalid_click")
        return (*reasons, *no_rate)

    def _no_rate(self, table: str, typed: dict[str, Any]) -> tuple[str, ...]:
        if table not in ("actions", "charges") or typed["currency"] == "CNY":
            return ()
        known = (typed["currency"], day_of(typed[EVENT_TIME[table]])) in self.rates
        return () if known else ("no_fx_rate",)

    def _parent(self, table: str, typed: dict[str, Any]) -> tuple[datetime | None, bool, bool]:
        """Time of the parent, whether it is unknown, whether its click is invalid."""
        accepted = self.accepted
        if table == "requests":
            return None, False, False
        if table == "impressions":
            request = accepted["requests"].get(typed["request_id"])
            return (
                (None, True, False) if request is None else (request["requested_at"], False, False)
            )
        if table == "clicks":
            shown = accepted["impressions"].get(typed["impression_id"])
            return (None, True, False) if shown is None else (shown["impressed_at"], False, False)
        if table == "actions":
            if typed["click_id"] is None:
                return None, False, False
            click = accepted["clicks"].get(typed["click_id"])
            return (None, True, False) if click is None else (click["clicked_at"], False, False)
        if typed["charged_event"] == "adjustment":
            original = accepted["charges"].get(typed["original_charge_id"])
            if original is None or original["charged_event"] == "adjustment":
                return None, True, False
            return original["charged_at"], False, False
        event_table = f"{typed['charged_event']}s"
        event = accepted[event_table].get(typed["event_id"])
        if event is None:
            return None, True, False
        if event_table == "impressions":
            return event["impressed_at"], False, False
        if event_table == "clicks":
            return event["clicked_at"], False, event["is_invalid"]
        if event["click_id"] is None:
            return None, True, False
        return (
            event["acted_at"],
            False,
            accepted["clicks"][event["click_id"]]["is_invalid"],
        )

    def _click_states(self) -> dict[str, str]:
        found: dict[str, str] = {}
        seen: set[str] = set()
        clicks = self.accepted["clicks"]
        for key in sorted(clicks, key=lambda one: (clicks[one]["clicked_at"], one)):
            click = clicks[key]
            if click["is_invalid"]:
                found[key] = "invalid"
            else:
                found[key] = "repeated" if click["impression_id"] in seen else "valid"
                seen.add(click["impression_id"])
        return found

    def in_cny(self, table: str, row: dict[str, Any]) -> int:
        column = "amount_micros" if table == "charges" else "action_value_micros"
        if row["currency"] == "CNY":
            return int(row[column])
        rate = self.rates[row["currency"], day_of(row[EVENT_TIME[table]])]
        return int((row[column] * rate).quantize(Decimal(1), ROUND_HALF_EVEN))

    def request_of(self, table: str, row: dict[str, Any]) -> str:
        """The id of the request that led to an accepted row."""
        while table == "charges" and row["charged_event"] == "adjustment":
            row = self.accepted["charges"][row["original_charge_id"]]
        if table == "charges":
            table = f"{row['charged_event']}s"
            row = self.accepted[table][row["event_id"]]
        if table == "actions":
            table, row = "clicks", self.accepted["clicks"][row["click_id"]]
        if table == "clicks":
            row = self.accepted["impressions"][row["impression_id"]]
        return str(row["request_id"])

    def slices(self) -> dict[tuple[str, ...], dict[str, Any]]:
        """Components and distinct members by day and slice, for every mart of slices."""
        facts: dict[str, dict[str, Any]] = {}
        for key, request in self.accepted["requests"].items():
            facts[key] = defaultdict(int, requests=1)
            facts[key]["results_returned"] = request["results_returned"]
            facts[key]["commercial_results_returned"] = request["commercial_results_returned"]
            facts[key]["payers"] = set()
        for row in self.accepted["impressions"].values():
            fact = facts[row["request_id"]]
            fact["impressions"] += 1
            fact["ad_impressions"] += row["is_commercial"]
        for key, row in self.accepted["clicks"].items():
            shown = self.accepted["impressions"][row["impression_id"]]
            fact, state = facts[shown["request_id"]], self.states[key]
            fact["clicks"] += state == "valid"
            fact["ad_clicks"] += state == "valid" and shown["is_commercial"]
            fact["invalid_clicks"] += state == "invalid"
            fact["repeated_clicks"] += state == "repeated"
            fact["detail_views"] += state != "invalid"
        for row in self.accepted["actions"].values():
            if row["click_id"] is None or self.states[row["click_id"]] != "valid":
                continue
            click = self.accepted["clicks"][row["click_id"]]
            shown = self.accepted["impressions"][click["impression_id"]]
            fact = facts[shown["request_id"]]
            fact["actions"] += 1
            if shown["is_commercial"]:
                fact["ad_actions"] += 1
                fact["action_value"] += self.in_cny("actions", row)
        for row in self.accepted["charges"].values():
            fact = facts[self.request_of("charges", row)]
            fact["revenue"] += self.in_cny("charges", row)
            fact["payers"].add(row["advertiser_id"])
        return self._add_up(facts)

    def _add_up(self, facts: dict[str, dict[str, Any]]) -> dict[tuple[str, ...], dict[str, Any]]:
        found: dict[tuple[str, ...], dict[str, Any]] = {}
        flags = {
            "users": "requests",
            "ad_users": "ad_impressions",
            "clicking_users": "clicks",
            "ad_clicking_users": "ad_clicks",
            "detail_view_users": "detail_views",
            "acting_users": "actions",
        }
        for key, fact in facts.items():
            request = self.accepted["requests"][key]
            for name, of in (
                ("ad_requests", "ad_impressions"),
                ("clicked_requests", "clicks"),
            ):
                fact[name] = int(fact[of] > 0)
            fact["ad_clicked_requests"] = int(fact["ad_clicks"] > 0)
            user = request["user_id"]
            for where in self._slices_of(request):
                cell = found.setdefault(where, defaultdict(int))
                for name, value in fact.items():
                    if name != "payers":
                        cell[name] += value
                cell.setdefault("active_advertisers", set()).update(fact["payers"])
                for name, flag in flags.items():
                    members = cell.setdefault(name, set())
                    if user and fact[flag]:
                        members.add(user)
        return found

    @staticmethod
    def _slices_of(request: dict[str, Any]) -> list[tuple[str, ...]]:
        on = day_of(request["requested_at"]).isoformat()
        surface = request["surface"]
        found: list[tuple[str, ...]] = [("total", on, "(all)"), ("total", on, surface)]
        for name in (
            "surface",
            "entry_point",
            "app_id",
            "region_code",
            "country_code",
            "device_type",
        ):
            found.append(("segment", on, name, request[name] or "(unknown)"))
        known = "known" if request["user_id"] else "anonymous"
        found.append(("segment", on, "user_type", known))
        if surface == "search":
            found += [("search", on, surface, "(all)")]
            found += [("search", on, surface, request["device_type"])]
        if surface == "local":
            found += [("local", on, "(all)")]
            found += [("local", on, request["region_code"] or "(unknown)")]
        return found


@pytest.fixture(scope="module")
def referee(seeds: Path) -> Referee:
    return Referee(seeds)


# -------------------------------------------------------------------------- the truth is the truth


def test_the_referee_finds_the_same_balance_of_rows(referee: Referee, truth: Truth) -> None:
    told: Counter[tuple[str, str, str]] = Counter()
    for row in rows_of(truth["marts"]["conservation_daily"]):
        parts = {name: row[f"{name}_rows"] for name in ("accepted", "duplicate", "quarantined")}
        assert row["raw_rows"] == sum(parts.values())
        for name, count in parts.items():
            told[row["event_on"], row["event_table"], name] += count
    assert +told == referee.balance


def test_the_referee_finds_the_same_reasons_and_the_same_money(
    referee: Referee, truth: Truth
) -> None:
    rows: Counter[tuple[str, str]] = Counter()
    first: Counter[tuple[str, str]] = Counter()
    superseded: Counter[tuple[str, str]] = Counter()
    micros: Counter[tuple[str, str, str]] = Counter()
    for table, row, typed, reasons in referee.quarantine:
        first[table, reasons[0]] += 1
        for reason in reasons:
            rows[table, reason] += 1
            superseded[table, reason] += row[f"{table[:-1]}_id"] in referee.accepted[table]
            if table == "charges":
                micros["charges", reason, row["currency"]] += typed["amount_micros"] or 0
    told_rows = {
        (table, reason): entry["rows"]
        for table, reasons in truth["reasons"].items()
        for reason, entry in reasons.items()
    }
    assert told_rows == dict(rows)
    told_micros = {
        ("charges", reason, currency): amount
        for reason, entry in truth["reasons"]["charges"].items()
        for currency, amount in entry["micros"].items()
    }
    assert told_micros == dict(micros)

    told_first: Counter[tuple[str, str]] = Counter()
    told_superseded: Counter[tuple[str, str]] = Counter()
    for line in rows_of(truth["marts"]["quarantine_summary"]):
        told_first[line["event_table"], line["reason"]] += line["first_reason_rows"]
        told_superseded[line["event_table"], line["reason"]] += line["superseded_rows"]
    assert +told_first == first
    assert +told_superseded == +superseded


@pytest.mark.parametrize(
    ("mart", "kind", "keys"),
    [
        ("revenue_daily", "total", ("requested_on", "surface")),
        (
            "revenue_daily_by_segment",
            "segment",
            ("requested_on", "dimension", "dimension_value"),
        ),
        ("search_metrics_daily", "search", ("requested_on", "surface", "device_type")),
        ("local_funnel_daily", "local", ("requested_on", "region_code")),
    ],
)
def test_the_referee_finds_the_same_slices(
    referee: Referee, truth: Truth, mart: str, kind: str, keys: tuple[str, ...]
) -> None:
    found = {where[1:]: cell for where, cell in referee.slices().items() if where[0] == kind}
    told = rows_of(truth["marts"][mart])
    assert {tuple(row[key] for key in keys) for row in told} == set(found)
    for row in told:
        where = tuple(row[key] for key in keys)
        for column, value in row.items():
            if column in keys:
                continue
            mine = found[where][column]
            mine = len(mine) if isinstance(mine, set) else mine
            mine = decimal_text(mine) if column in ("revenue", "action_value") else mine
            assert value == mine, (mart, where, column)


def test_the_referee_finds_the_same_advertisers(referee: Referee, truth: Truth) -> None:
    found: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)

    def cell(table: str, row: dict[str, Any], advertiser: str) -> Counter[str]:
        request = referee.accepted["requests"][referee.request_of(table, row)]
        return found[day_of(request["requested_at"]).isoformat(), advertiser]

    for row in referee.accepted["impressions"].values():
        if row["is_commercial"]:
            cell("impressions", row, row["advertiser_id"])["ad_impressions"] += 1
    for key, row in referee.accepted["clicks"].items():
        shown = referee.accepted["impressions"][row["impression_id"]]
        if shown["is_commercial"] and referee.states[key] == "valid":
            cell("clicks", row, shown["advertiser_id"])["ad_clicks"] += 1
    for row in referee.accepted["actions"].values():
        if row["click_id"] is None or referee.states[row["click_id"]] != "valid":
            continue
        click = referee.accepted["clicks"][row["click_id"]]
        shown = referee.accepted["impressions"][click["impression_id"]]
        if shown["is_commercial"]:
            counts = cell("actions", row, shown["advertiser_id"])
            counts["ad_actions"] += 1
            counts["action_value"] += referee.in_cny("actions", row)
    for row in referee.accepted["charges"].values():
        counts = cell("charges", row, row["advertiser_id"])
        counts["revenue"] += referee.in_cny("charges", row)
        counts["is_active"] = 1
    told = rows_of(truth["marts"]["advertiser_daily"])
    assert len(told) == len(found)
    for row in told:
        counts = found[row["requested_on"], row["advertiser_id"]]
        for column in ("ad_impressions", "ad_clicks", "ad_actions", "is_active"):
            assert row[column] == counts[column]
        for column in ("action_value", "revenue"):
            assert row[column] == decimal_text(counts[column])


def test_the_referee_finds_the_same_ledger_on_both_bases(referee: Referee, truth: Truth) -> None:
    found: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for row in referee.accepted["charges"].values():
        request = referee.accepted["requests"][referee.request_of("charges", row)]
        days = {"request": request["requested_at"], "ledger": row["charged_at"]}
        for basis, moment in days.items():
            cell = found[day_of(moment).isoformat(), row["currency"]]
            cell[f"{basis}_basis_amount"] += row["amount_micros"]
            cell[f"{basis}_basis_revenue"] += referee.in_cny("charges", row)
    told = rows_of(truth["marts"]["reconciliation_daily"])
    assert len(told) == len(found)
    running: Counter[str] = Counter()
    for row in sorted(told, key=lambda one: str(one["reported_on"])):
        cell = found[row["reported_on"], row["currency"]]
        difference = cell["request_basis_amount"] - cell["ledger_basis_amount"]
        running[row["currency"]] += difference
        assert row["timing_difference"] == decimal_text(difference)
        assert row["cumulative_timing_difference"] == decimal_text(running[row["currency"]])
        for column in cell:
            assert row[column] == decimal_text(cell[column])
    assert set(running.values()) == {0}


def test_the_referee_finds_the_same_invoice_gaps(
    seeds: Path, referee: Referee, truth: Truth
) -> None:
    ledger: Counter[tuple[str, str, str]] = Counter()
    refused: Counter[tuple[str, str, str]] = Counter()
    billed: Counter[tuple[str, str, str]] = Counter()

    def where(row: dict[str, Any]) -> tuple[str, str, str]:
        month = day_of(row["charged_at"]).replace(day=1).isoformat()
        return month, row["advertiser_id"], row["currency"]

    for row in referee.accepted["charges"].values():
        ledger[where(row)] += row["amount_micros"]
    for table, raw, row, reasons in referee.quarantine:
        if table != "charges" or raw["charge_id"] in referee.accepted["charges"]:
            continue
        parts = (
            "charge_id",
            "advertiser_id",
            "charged_at",
            "amount_micros",
            "currency",
        )
        if all(row[part] is not None for part in parts):
            refused[where(row)] += row["amount_micros"]
            if reasons in (("orphan_charge",), ("charge_on_invalid_click",)):
                billed[where(row)] += row["amount_micros"]
    errors = {
        (error["invoice_month"], error["advertiser_id"], error["currency"]): error["error_micros"]
        for error in truth["invoice_errors"]
    }
    assert len(errors) == 3
    with (seeds / "reference/invoices.csv").open() as stream:
        invoices = {
            (row["invoice_month"], row["advertiser_id"], row["currency"]): int(row["amount_micros"])
            for row in csv.DictReader(stream)
        }
    told = rows_of(truth["marts"]["invoice_reconciliation_monthly"])
    assert len(told) == len({*ledger, *refused, *invoices})
    for row in told:
        key = (row["invoice_month"], row["advertiser_id"], row["currency"])
        expected = ledger[key] + billed[key] + errors.get(key, 0)
        kinds = {
            error["kind"]
            for error in truth["invoice_errors"]
            if (error["invoice_month"], error["advertiser_id"], error["currency"]) == key
        }
        if "not_billed" in kinds:
            expected = 0
            assert key not in invoices
        invoice = invoices.get(key, 0)
        assert invoice == expected
        gap = invoice - ledger[key]
        assert row["ledger_amount"] == decimal_text(ledger[key])
        assert row["quarantined_amount"] == decimal_text(refused[key])
        assert row["invoiced_amount"] == decimal_text(invoice)
        assert row["gap"] == decimal_text(gap)
        assert row["unexplained_gap"] == decimal_text(gap - refused[key])


def test_the_referee_finds_the_same_late_rows(referee: Referee, truth: Truth) -> None:
    found: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    for table, rows in referee.accepted.items():
        for row in rows.values():
            happened, arrived = (
                day_of(row[EVENT_TIME[table]]),
                day_of(row["ingested_at"]),
            )
            if (arrived - happened).days > 3:
                entry = found[happened.isoformat(), table]
                entry[0] += 1
                entry[1] = max(entry[1], (arrived - happened).days)
                entry[2] += referee.in_cny(table, row) if table == "charges" else 0
    told = rows_of(truth["marts"]["late_arrivals"])
    assert len(told) == len(found)
    for row in told:
        late, most, amount = found[row["event_on"], row["event_table"]]
        assert (row["late_rows"], row["most_days_late"]) == (late, most)
        charges = row["event_table"] == "charges"
        assert row["late_amount"] == (decimal_text(amount) if charges else None)


def test_the_referee_finds_the_same_gaps_between_two_logs(referee: Referee, truth: Truth) -> None:
    found: dict[tuple[str, str, str], list[int]] = defaultdict(lambda: [0, 0])
    shown: Counter[str] = Counter()
    for row in referee.accepted["impressions"].values():
        shown[row["request_id"]] += row["is_commercial"]
    for key, request in referee.accepted["requests"].items():
        where = (day_of(request["requested_at"]).isoformat(), request["surface"])
        missing = request["commercial_results_returned"] - shown[key]
        assert missing >= 0
        if missing:
            found[*where, "asn"][1] += missing
            found[*where, "pvr"][1] += shown[key] == 0
    charged = {
        row["event_id"]
        for row in referee.accepted["charges"].values()
        if row["charged_event"] == "click"
    }
    for key, row in referee.accepted["clicks"].items():
        impression = referee.accepted["impressions"][row["impression_id"]]
        if impression["pricing_model"] == "cpc" and referee.states[key] == "valid":
            request = referee.accepted["requests"][impression["request_id"]]
            where = (day_of(request["requested_at"]).isoformat(), request["surface"])
            found[*where, "ctr2"][0] += key not in charged
    for table, _, row, reasons in referee.quarantine:
        if table == "charges" and "orphan_charge" in reasons and row["charged_event"] == "click":
            on = day_of(row["charged_at"]).isoformat()
            found[on, "(unattributed)", "ctr2"][1] += row["amount_micros"] > 0
    told = {
        (row["reported_on"], row["surface"], row["quantity"]): [
            row["only_in_first"],
            row["only_in_second"],
        ]
        for row in rows_of(truth["gaps"])
    }
    assert told == {where: counts for where, counts in found.items() if any(counts)}


# ---------------------------------------------------------------------------- the shape of the
# world


def test_totals_are_the_sums_of_their_surfaces(truth: Truth) -> None:
    additive = (
        "requests",
        "ad_impressions",
        "ad_clicks",
        "actions",
        "detail_views",
        "impressions",
    )
    totals: dict[str, Counter[str]] = defaultdict(Counter)
    parts: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows_of(truth["marts"]["revenue_daily"]):
        to = totals if row["surface"] == "(all)" else parts
        for column in additive:
            to[row["requested_on"]][column] += row[column]
        to[row["requested_on"]]["revenue"] += int(Decimal(row["revenue"]) * 1_000_000)
    assert totals == parts
    assert len(totals) == 28


def test_bounds_hold_in_every_slice(truth: Truth) -> None:
    for mart in ("revenue_daily", "revenue_daily_by_segment"):
        for row in rows_of(truth["marts"][mart]):
            assert row["ad_clicked_requests"] <= row["ad_requests"] <= row["requests"]
            assert row["ad_clicks"] <= row["ad_impressions"] <= row["impressions"]
            assert row["ad_clicks"] <= row["clicks"] <= row["detail_views"]
            assert row["ad_actions"] <= row["ad_clicks"]
            assert row["ad_impressions"] <= row["commercial_results_returned"]
            assert row["ad_users"] <= row["users"] <= row["requests"]


def test_every_reason_is_planted(truth: Truth) -> None:
    for table in TABLES:
        required = REQUIRED[table].split()
        if table == "impressions":
            required += ["advertiser_id", "campaign_id", "pricing_model"]
        if table == "charges":
            required += ["event_id", "original_charge_id"]
        wanted = {f"missing_{column}" for column in required}
        wanted |= {"from_the_future", "conflicting_duplicate"}
        if table != "requests":
            wanted |= {f"orphan_{table[:-1]}", "time_reversed"}
        assert wanted <= set(truth["reasons"][table])
        assert truth["tables"][table]["duplicate_rows"] > 0
        assert truth["tables"][table]["late_rows"] > 0
    planted = {(table, reason) for table in TABLES for reason in truth["reasons"][table]}
    assert {(one.table, reason) for one in all_recipes() for reason in one.reasons} <= planted
    assert ("charges", "charge_on_invalid_click") in planted
    assert ("charges", "negative_amount_without_original") in planted
    assert ("actions", "no_fx_rate") in planted


def test_the_seeds_are_small(seeds: Path) -> None:
    size = sum(path.stat().st_size for path in seeds.rglob("*") if path.is_file())
    assert size <= 6_000_000
    assert (seeds / "truth.json").stat().st_size <= 1_500_000


def test_no_site_wide_product_is_in_a_second_campaign(seeds: Path) -> None:
    with (seeds / "reference/campaigns.csv").open() as stream:
        campaigns = {row["campaign_id"]: row for row in csv.DictReader(stream)}
    with (seeds / "reference/creatives.csv").open() as stream:
        pairs = {(row["product_id"], row["campaign_id"]) for row in csv.DictReader(stream)}
    by_product: dict[str, list[Row]] = defaultdict(list)
    for product, campaign in pairs:
        by_product[product].append(campaigns[campaign])
    assert any(row["promotion_type"] == "site_wide" for row in campaigns.values())
    for rows in by_product.values():
        if any(row["promotion_type"] == "site_wide" for row in rows):
            assert len(rows) == 1


def test_reference_tables_look_like_a_platform(seeds: Path) -> None:
    def read(name: str) -> list[Row]:
        with (seeds / f"reference/{name}.csv").open(encoding="utf-8", newline="") as stream:
            return list(csv.DictReader(stream))

    assert len(read("advertisers")) == 40
    assert {row["currency"] for row in read("campaigns")} == {"CNY", "USD", "JPY"}
    assert len(read("regions")) >= 8
    assert len({row["country_code"] for row in read("regions")}) >= 3
    statements = read("finance_statements")
    assert len(statements) == 8
    assert sum(int(row["net_income_micros"]) < 0 for row in statements) == 1
    assert {row["wave"] for row in read("calendar_events") if row["event_name"] == "11.11"} > {
        "final"
    }
    assert {row["event_type"] for row in read("calendar_events")} == {
        "promotion",
        "holiday",
    }


def test_the_outage_day_shows(truth: Truth) -> None:
    on = truth["notes"]["outage"]["on"]
    splash = {
        row["requested_on"]: row["requests"]
        for row in rows_of(truth["marts"]["revenue_daily"])
        if row["surface"] == "splash"
    }
    usual = sorted(splash.values())[len(splash) // 2]
    assert splash[on] < 0.5 * usual


# --------------------------------------------------------------------------------- modes and
# formats


def test_clean_mode_plants_nothing(tmp_path: Path) -> None:
    run(Settings(days=6, requests_per_day=60, clean=True), tmp_path)
    truth = read_truth(tmp_path)
    for table in TABLES:
        counts = truth["tables"][table]
        assert counts["raw_rows"] == counts["accepted_rows"]
        assert counts["late_rows"] == 0
    assert not any(truth["reasons"].values())
    assert truth["gaps"]["rows"] == []
    assert truth["invoice_errors"] == []
    for row in rows_of(truth["marts"]["invoice_reconciliation_monthly"]):
        assert row["gap"] == row["quarantined_amount"] == "0.000000"
    assert not Referee(tmp_path).quarantine


def test_shares_of_repeated_late_corrected_and_withdrawn_rows_are_planted_as_asked(
    tmp_path: Path,
) -> None:
    run(
        Settings(
            days=6,
            requests_per_day=400,
            clean=True,
            duplicates=0.01,
            late=0.02,
            corrections=0.01,
            withdrawals=0.01,
        ),
        tmp_path,
    )
    truth, referee = read_truth(tmp_path), Referee(tmp_path)
    for table in TABLES:
        counts = truth["tables"][table]
        rows = counts["accepted_rows"]
        assert counts["duplicate_rows"] == pytest.approx(0.01 * rows, rel=0.5, abs=1), table
        assert counts["late_rows"] == pytest.approx(0.02 * rows, rel=0.5, abs=1), table
        shares = 2 if table == "clicks" else 1
        expected = pytest.approx(0.01 * shares * rows, rel=0.5, abs=1)
        assert counts["quarantined_rows"] == expected, table
        assert set(truth["reasons"][table]) == {"conflicting_duplicate"}
        assert len(referee.accepted[table]) == rows
    clicks = defaultdict(list)
    for row in Referee._read(tmp_path / "events" / "clicks.csv"):
        clicks[row["click_id"]].append(row)
    verdicts = [
        sorted(versions, key=lambda row: row["ingested_at"])
        for versions in clicks.values()
        if len({row["is_invalid"] for row in versions}) == 2
    ]
    withdrawn = [one for one in verdicts if one[-1]["is_invalid"] == "true"]
    assert len(withdrawn) > 5
    for first, *_, last in withdrawn:
        assert last["clicked_at"] < first["ingested_at"] < last["ingested_at"]
        clicked, judged = (parse("clicked_at", last[c]) for c in ("clicked_at", "ingested_at"))
        waited = judged - clicked
        assert timedelta(days=1) <= waited <= timedelta(days=2)


def test_what_arrives_days_later_is_a_file_of_the_day_of_its_arrival(tmp_path: Path) -> None:
    settings = Settings(
        days=4, requests_per_day=300, clean=True, log_format=LogFormat.parquet, late=0.02
    )
    run(settings, tmp_path)
    files = list((tmp_path / "events").rglob("*.parquet"))
    late = [file for file in files if "arrived" in file.name]
    assert len(late) > len(TABLES)
    for file in files:
        table = file.parents[1].name
        found = duckdb.execute(
            f"select min(cast(ingested_at as date)), max(cast(ingested_at as date)), "
            f"bool_and(ingested_at - {EVENT_TIME[table]} >= interval 1 day), "
            f"bool_or(ingested_at - {EVENT_TIME[table]} >= interval 1 day) from '{file}'"
        ).fetchone()
        assert found
        if file in late:
            assert [str(day) for day in found[:2]] == [file.stem.split("-arrived-")[1]] * 2
            assert found[2]
        else:
            assert not found[3]


def test_the_same_arguments_give_the_same_bytes(tmp_path: Path) -> None:
    for log_format in LogFormat:
        settings = Settings(days=3, requests_per_day=80, log_format=log_format)
        one, two = tmp_path / f"{log_format}1", tmp_path / f"{log_format}2"
        run(settings, one)
        run(settings, two)
        names = sorted(str(path.relative_to(one)) for path in one.rglob("*") if path.is_file())
        assert names == sorted(
            str(path.relative_to(two)) for path in two.rglob("*") if path.is_file()
        )
        _, different, lost = filecmp.cmpfiles(one, two, names, shallow=False)
        assert not different
        assert not lost
    other = tmp_path / "other"
    run(Settings(days=3, requests_per_day=80, seed=8), other)
    assert (other / "truth.json").read_bytes() != (tmp_path / "csv1/truth.json").read_bytes()


@pytest.mark.parametrize("rows_at_a_time", [50, 1 << 20])
def test_parquet_holds_what_csv_holds(
    rows_at_a_time: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tributary.simulate.writers._GROUP_ROWS", rows_at_a_time)
    as_csv, as_parquet = tmp_path / "csv", tmp_path / "parquet"
    run(Settings(days=4, requests_per_day=120), as_csv)
    run(Settings(days=4, requests_per_day=120, log_format=LogFormat.parquet), as_parquet)
    connection = duckdb.connect()
    for table in TABLES:
        source = (
            f"read_parquet('{as_parquet}/events/{table}/*/*.parquet', hive_partitioning = false)"
        )
        described = connection.execute(f"describe select * from {source}").fetchall()
        text, columns = f"{as_csv}/events/{table}.csv", [row[0] for row in described]
        casts = ", ".join(f'try_cast("{name}" as {kind})' for name, kind, *_ in described)
        readable = " and ".join(
            f'("{name}" is null or try_cast("{name}" as {kind}) is not null)'
            for name, kind, *_ in described
        )
        order = ", ".join(str(place + 1) for place in range(len(columns)))
        left = connection.execute(f"select * from {source} order by {order}").fetchall()
        right = connection.execute(
            f"select {casts} from read_csv('{text}', all_varchar = true, nullstr = '') "
            f"where {readable} order by {order}"
        ).fetchall()
        assert left == right
        stray = connection.execute(
            f"select count(*) from read_parquet('{as_parquet}/events/{table}/*/*.parquet', "
            f"hive_partitioning = true) where {EVENT_TIME[table]}::date != dt"
        ).fetchone()
        assert stray == (0,)
    kinds = {row[1] for row in connection.execute(f"describe select * from {source}").fetchall()}
    assert kinds == {"VARCHAR", "TIMESTAMP", "BIGINT"}
    unparsable = [
        reason
        for reasons in read_truth(as_parquet)["reasons"].values()
        for reason in reasons
        if reason.startswith("unparsable")
    ]
    assert not unparsable


def test_a_missing_day_has_no_request(tmp_path: Path) -> None:
    gone = date(2026, 10, 21)
    run(Settings(days=5, requests_per_day=50, missing_day=gone), tmp_path)
    days = {row["requested_on"] for row in rows_of(read_truth(tmp_path)["marts"]["revenue_daily"])}
    assert len(days) == 4
    assert gone.isoformat() not in days
    referee = Referee(tmp_path)
    assert gone not in {day_of(r["requested_at"]) for r in referee.accepted["requests"].values()}


def test_the_smallest_run_works(tmp_path: Path) -> None:
    run(Settings(days=1, requests_per_day=1), tmp_path / "csv")
    settings = Settings(days=1, requests_per_day=1, clean=True, log_format=LogFormat.parquet)
    run(settings, tmp_path / "parquet")
    assert read_truth(tmp_path / "csv")["arguments"]["requests_per_day"] == 1


def test_conversion_rounds_half_to_even() -> None:
    draw = random.Random(1)
    amounts = [draw.randint(-(10**12), 10**12) for _ in range(500)] + [
        50,
        150,
        250,
        -50,
        -150,
        10**14,
    ]
    rates = [draw.randint(1, 10**9) for _ in range(500)] + [10**6] * 5 + [812345678]
    found = convert_half_even(np.array(amounts), np.array(rates))
    for amount, rate, value in zip(amounts, rates, found.tolist(), strict=True):
        exact = Decimal(amount) * Decimal(rate) / Decimal(10**8)
        assert value == int(exact.quantize(Decimal(1), ROUND_HALF_EVEN))
    assert decimal_text(-1_500_000) == "-1.500000"
    assert rate_text(4_712_000) == "0.04712"


# ------------------------------------------------------------------------------------- the command


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--days", "0"], "--days is 0"),
        (["--seed", "-1"], "--seed is -1"),
        (["--requests-per-day", "0"], "--requests-per-day is 0"),
        (["--start-date", "1950-01-01"], "--start-date is 1950-01-01"),
        (["--missing-day", "2030-01-01"], "--missing-day is 2030-01-01"),
        (["--late", "0.9"], "--late is 0.9"),
    ],
)
def test_bad_arguments_are_refused(tmp_path: Path, arguments: list[str], message: str) -> None:
    result = CliRunner().invoke(app, ["--out", str(tmp_path / "new"), *arguments])
    assert result.exit_code == 2
    assert message in result.stderr
    assert not list(tmp_path.iterdir())


def test_a_full_folder_is_refused_unless_forced(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "notes.txt").write_text("mine")
    small = ["--out", str(out), "--days", "2", "--requests-per-day", "5"]
    result = CliRunner().invoke(app, small)
    assert result.exit_code == 2
    assert "not empty" in result.stderr
    assert "--force" in result.stderr
    assert [path.name for path in out.iterdir()] == ["notes.txt"]

    for _ in range(2):
        assert CliRunner().invoke(app, [*small, "--force"]).exit_code == 0
    names = {path.name for path in out.iterdir()}
    assert names == {"notes.txt", "events", "reference", "truth.json"}
    assert [path.name for path in tmp_path.iterdir()] == ["out"]

    result = CliRunner().invoke(app, ["--out", str(out / "notes.txt")])
    assert result.exit_code == 2
    assert "that is a file" in result.stderr


@pytest.mark.parametrize("days", [1, 7])
def test_of_the_usual_size_a_run_accepts_the_share_of_bad_rows(tmp_path: Path, days: int) -> None:
    result = CliRunner().invoke(app, ["--out", str(tmp_path / "out"), "--days", str(days)])
    assert result.exit_code == 0 and "more than a run accepts" not in result.output
    mart = json.loads((tmp_path / "out" / "truth.json").read_text())["marts"]["conservation_daily"]
    totals: dict[str, list[int]] = {}
    for row in mart["rows"]:
        cells = dict(zip(mart["columns"], row, strict=True))
        total = totals.setdefault(str(cells["event_table"]), [0, 0])
        total[0] += int(str(cells["quarantined_rows"]))
        total[1] += int(str(cells["raw_rows"]))
    assert len(totals) == 5
    assert all(held / delivered < 0.1 for held, delivered in totals.values())

    fewer = ["--days", str(days), "--requests-per-day", "60", "--force"]
    result = CliRunner().invoke(app, ["--out", str(tmp_path / "out"), *fewer])
    assert result.exit_code == 0 and "more than a run accepts" in result.output


@pytest.mark.parametrize(("days_ago", "is_said"), [(8, True), (10, False)])
def test_days_that_are_still_to_come_are_said(days_ago: int, is_said: bool, tmp_path: Path) -> None:
    """A run holds back what arrives ahead of the calendar."""
    start = datetime.now(UTC).date() - timedelta(days=days_ago)
    ten_days = ["--days", "10", "--requests-per-day", "5", "--start-date", str(start)]
    result = CliRunner().invoke(app, ["--out", str(tmp_path / "out"), *ten_days])
    assert result.exit_code == 0
    assert ("an earlier --start-date" in result.output) == is_said


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_stopped_run_leaves_nothing(tmp_path: Path, how: signal.Signals) -> None:
    # A shell's background job inherits that it ignores an interrupt.
    program = (
        "import signal, typer; from tributary.simulate.command import simulate; "
        "signal.signal(signal.SIGINT, signal.default_int_handler); typer.run(simulate)"
    )
    big = [
        "--out",
        str(tmp_path / "out"),
        "--days",
        "300",
        "--requests-per-day",
        "20000",
    ]
    with subprocess.Popen(
        [sys.executable, "-c", program, *big],
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        deadline = time.monotonic() + 20
        while not list(tmp_path.glob(".out-*.partial/new/events/*.csv")):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert not (tmp_path / "out").exists()
        process.send_signal(how)
        process.communicate(timeout=20)
        assert process.returncode != 0
    assert not list(tmp_path.iterdir())
