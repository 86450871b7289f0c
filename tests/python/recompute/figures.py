"""The marts' figures from judged rows."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from recompute.judge import TABLES, Platform, judge
from recompute.predictions import buckets, calibrations
from recompute.rows import Row, day_of, truth, units, whole

Key = tuple[Any, ...]
Mart = dict[Key, dict[str, Any]]

DIMENSIONS = (
    "surface",
    "entry_point",
    "app_id",
    "region_code",
    "country_code",
    "device_type",
    "user_type",
)
ALL = "(all)"
LATE_DAYS = 3


class Slice:
    """What one slice adds up: sums in `n`, users and advertisers as sets in `who`."""

    def __init__(self) -> None:
        self.n: dict[str, int] = defaultdict(int)
        self.who: dict[str, set[str]] = defaultdict(set)

    def figures(self) -> dict[str, Any]:
        """Components, distinct counts and ratios, under the marts' names."""
        n = self.n
        shown: dict[str, Any] = {name: n[name] for name in _COUNTS}
        shown.update({name: units(n[name]) for name in ("action_value", "revenue")})
        shown.update({name: len(self.who[name]) for name in _DISTINCT})
        return {**shown, **ratios(shown)}


_COUNTS = [
    "requests",
    "ad_requests",
    "ad_impressions",
    "ad_clicks",
    "ad_clicked_requests",
    "ad_actions",
    "results_returned",
    "commercial_results_returned",
    "impressions",
    "clicks",
    "clicked_requests",
    "actions",
    "detail_views",
    "invalid_clicks",
    "repeated_clicks",
]
_DISTINCT = [
    "users",
    "ad_users",
    "clicking_users",
    "ad_clicking_users",
    "detail_view_users",
    "acting_users",
    "active_advertisers",
]


def over(numerator: Any, denominator: Any, scale: int = 1) -> float | None:
    """A ratio, None where there is nothing to divide by."""
    return None if denominator == 0 else scale * float(numerator) / float(denominator)


def ratios(s: dict[str, Any]) -> dict[str, float | None]:
    """Each metric by its formula, from the figures at hand (absent ones count as 0)."""
    g = defaultdict(int, s)
    return {
        "pvr": over(g["ad_requests"], g["requests"]),
        "asn": over(g["ad_impressions"], g["ad_requests"]),
        "easn": over(g["ad_impressions"], g["ad_requests"]),
        "ctr1": over(g["ad_clicks"], g["requests"]),
        "ctr2": over(g["ad_clicks"], g["ad_impressions"]),
        "ctr3": over(g["ad_clicks"], g["ad_requests"]),
        "acp": over(g["revenue"], g["ad_clicks"]),
        "cpm1": over(g["revenue"], g["requests"], 1000),
        "cpm2": over(g["revenue"], g["ad_impressions"], 1000),
        "cpm3": over(g["revenue"], g["ad_requests"], 1000),
        "cpa": over(g["revenue"], g["ad_actions"]),
        "aap": over(g["revenue"], g["ad_actions"]),
        "arpu": over(g["revenue"], g["active_advertisers"]),
        "cvr": over(g["ad_actions"], g["ad_clicks"]),
        "atr2": over(g["ad_actions"], g["ad_clicks"]),
        "roas": over(g["action_value"], g["revenue"]),
        "roi": over(g["action_value"] - g["revenue"], g["revenue"]),
        "aov": over(g["action_value"], g["ad_actions"]),
        "requests_per_user": over(g["requests"], g["users"]),
        "results_per_request": over(g["results_returned"], g["requests"]),
        "ad_user_share": over(g["ad_users"], g["users"]),
        "click_rate_per_request": over(g["clicks"], g["requests"]),
        "action_rate": over(g["actions"], g["detail_views"]),
        "clicks_per_advertiser": over(g["ad_clicks"], g["active_advertisers"]),
    }


def recompute(folder: Path) -> dict[str, Mart]:
    """Every mart but identity_status, from a platform's CSV files."""
    platform = judge(folder)
    slices = _slices(platform)
    whole_days = {key: part for key, part in slices.items() if key[1] in (ALL, "surface")}
    return {
        "revenue_daily": {(k[0], k[2]): s.figures() for k, s in whole_days.items()},
        "revenue_daily_by_segment": {
            k: s.figures() for k, s in slices.items() if k[1] in DIMENSIONS
        },
        "search_metrics_daily": {
            (k[0], "search", k[2]): s.figures()
            for k, s in slices.items()
            if k[1] == "search × device"
        },
        "local_funnel_daily": {
            (k[0], k[2]): s.figures() for k, s in slices.items() if k[1] == "local × region"
        },
        "advertiser_daily": _advertisers(platform),
        "finance_quarterly": _finance(platform),
        "reconciliation_daily": _reconciliation(platform),
        "invoice_reconciliation_monthly": _invoices(platform),
        "quarantine_summary": _quarantine(platform),
        "late_arrivals": _late(platform),
        "lateness": _lateness(platform),
        "conservation_daily": _conservation(platform),
        "prediction_calibration": calibrations(platform),
        "prediction_calibration_buckets": buckets(platform),
    }


def _cuts(request: Row) -> list[Key]:
    """Every slice that a request falls into, as (day, dimension, value)."""
    values = {name: request.raw.get(name) or "(unknown)" for name in DIMENSIONS}
    values["user_type"] = "known" if request.raw["user_id"] else "anonymous"
    day = request.day
    cuts: list[Key] = [(day, ALL, ALL), *((day, name, value) for name, value in values.items())]
    if values["surface"] == "search":
        cuts += [(day, "search × device", ALL), (day, "search × device", values["device_type"])]
    if values["surface"] == "local":
        cuts += [(day, "local × region", ALL), (day, "local × region", values["region_code"])]
    return cuts


def _slices(platform: Platform) -> dict[Key, Slice]:
    own: dict[int, Slice] = {id(request): Slice() for request in platform.accepted("requests")}
    for request in platform.accepted("requests"):
        n = own[id(request)].n
        n["requests"] = 1
        for column in ("results_returned", "commercial_results_returned"):
            n[column] = request.count(column)
    for impression in platform.accepted("impressions"):
        n = own[id(impression.request)].n
        n["impressions"] += 1
        n["ad_impressions"] += _paid(impression)
    for click in platform.accepted("clicks"):
        impression = _impression(click)
        n = own[id(impression.request)].n
        n["clicks"] += click.role == "valid"
        n["ad_clicks"] += click.role == "valid" and _paid(impression)
        n["detail_views"] += click.role != "invalid"
        n["invalid_clicks"] += click.role == "invalid"
        n["repeated_clicks"] += click.role == "repeated"
    for action in platform.accepted("actions"):
        if action.role == "valid":
            impression = _impression(action)
            n = own[id(impression.request)].n
            n["actions"] += 1
            n["ad_actions"] += _paid(impression)
            n["action_value"] += (action.micros or 0) * _paid(impression)
    for charge in platform.accepted("charges"):
        part = own[id(_impression(charge).request)]
        part.n["revenue"] += charge.micros or 0
        part.who["active_advertisers"].add(str(charge.raw["advertiser_id"]))
    return _add_up(platform.accepted("requests"), own)


def _add_up(requests: Iterable[Row], own: dict[int, Slice]) -> dict[Key, Slice]:
    slices: dict[Key, Slice] = defaultdict(Slice)
    for request in requests:
        part = own[id(request)]
        n = part.n
        did = {
            "users": True,
            "ad_users": n["ad_impressions"] > 0,
            "clicking_users": n["clicks"] > 0,
            "ad_clicking_users": n["ad_clicks"] > 0,
            "detail_view_users": n["detail_views"] > 0,
            "acting_users": n["actions"] > 0,
        }
        n["ad_requests"] = int(did["ad_users"])
        n["ad_clicked_requests"] = int(did["ad_clicking_users"])
        n["clicked_requests"] = int(did["clicking_users"])
        user = request.raw["user_id"]
        for cut in _cuts(request):
            for name, value in n.items():
                slices[cut].n[name] += value
            slices[cut].who["active_advertisers"] |= part.who["active_advertisers"]
            for name, yes in did.items():
                if user and yes:
                    slices[cut].who[name].add(user)
    return slices


def _paid(impression: Row) -> bool:
    return truth(impression.raw["is_commercial"]) is True


def _impression(row: Row) -> Row:
    assert row.impression is not None, row.raw
    return row.impression


def _request_day(row: Row) -> date | None:
    request = _impression(row).request
    assert request is not None
    return request.day


def _advertisers(platform: Platform) -> Mart:
    parts: dict[Key, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for impression in platform.accepted("impressions"):
        if _paid(impression):
            assert impression.request
            parts[impression.request.day, impression.raw["advertiser_id"]]["ad_impressions"] += 1
    for table, name in (("clicks", "ad_clicks"), ("actions", "ad_actions")):
        for row in platform.accepted(table):
            if row.role == "valid" and _paid(_impression(row)):
                part = parts[_request_day(row), _impression(row).raw["advertiser_id"]]
                part[name] += 1
                part["action_value"] += (row.micros or 0) if table == "actions" else 0
    for charge in platform.accepted("charges"):
        part = parts[_request_day(charge), charge.raw["advertiser_id"]]
        part["revenue"] += charge.micros or 0
        part["is_active"] = 1
    names = {row["advertiser_id"]: row for row in platform.references["advertisers"]}
    mart: Mart = {}
    for key, part in parts.items():
        shown: dict[str, Any] = {
            name: part[name] for name in ("ad_impressions", "ad_clicks", "ad_actions", "is_active")
        }
        shown.update({name: units(part[name]) for name in ("action_value", "revenue")})
        described = names.get(key[1], {})
        shown.update(
            {name: described.get(name) for name in ("advertiser_name", "industry", "tier")}
        )
        mart[key] = {**shown, **ratios(shown)}
    return mart


def _finance(platform: Platform) -> Mart:
    mart: Mart = {}
    names = ("net_income", "pretax_income", "ebit", "sales", "assets", "equity")
    for row in platform.references["finance_statements"]:
        s: dict[str, Any] = {name: units(int(row[f"{name}_micros"] or "")) for name in names}
        s["tax_burden"] = over(s["net_income"], s["pretax_income"])
        s["interest_burden"] = over(s["pretax_income"], s["ebit"])
        s["operating_margin"] = over(s["ebit"], s["sales"])
        s["asset_turnover"] = over(s["sales"], s["assets"])
        s["leverage"] = over(s["assets"], s["equity"])
        s["roe"] = over(s["net_income"], s["equity"])
        mart[date.fromisoformat(row["quarter_starts_on"] or ""), row["currency"]] = s
    return mart


def _reconciliation(platform: Platform) -> Mart:
    sums: dict[Key, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for charge in platform.accepted("charges"):
        currency = charge.raw["currency"]
        for basis, day in (("request", _request_day(charge)), ("ledger", charge.day)):
            sums[day, currency][f"{basis}_basis_amount"] += charge.count("amount_micros")
            sums[day, currency][f"{basis}_basis_revenue"] += charge.micros or 0
    mart: Mart = {}
    running: dict[str | None, int] = defaultdict(int)
    for (day, currency), part in sorted(sums.items()):
        timing = part["request_basis_amount"] - part["ledger_basis_amount"]
        running[currency] += timing
        names = [
            f"{basis}_basis_{what}"
            for basis in ("request", "ledger")
            for what in ("amount", "revenue")
        ]
        mart[day, currency] = {
            **{name: units(part[name]) for name in names},
            "timing_difference": units(timing),
            "cumulative_timing_difference": units(running[currency]),
        }
    return mart


def _invoices(platform: Platform) -> Mart:
    sums: dict[Key, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for charge in platform.accepted("charges"):
        sums[_bill(charge)]["ledger"] += charge.count("amount_micros")
    accepted = {row.key for row in platform.accepted("charges")}
    held: dict[tuple[Key, str], Row] = {}
    for row in platform.rows["charges"]:
        readable = row.key and row.at and row.raw["advertiser_id"] and row.raw["currency"]
        amount = whole(row.raw["amount_micros"])
        if (
            row.outcome == "quarantined"
            and readable
            and amount is not None
            and row.key not in accepted
        ):
            other = held.get((_bill(row), str(row.key)))
            if other is None or _arrival(row) >= _arrival(other):
                held[_bill(row), str(row.key)] = row
    for (bill, _), row in held.items():
        sums[bill]["quarantined"] += row.count("amount_micros")
    for invoice in platform.references["invoices"]:
        month = date.fromisoformat(invoice["invoice_month"] or "")
        bill = (month, invoice["advertiser_id"], invoice["currency"])
        sums[bill]["invoiced"] += int(invoice["amount_micros"] or "")
    return {
        bill: {
            "ledger_amount": units(part["ledger"]),
            "quarantined_amount": units(part["quarantined"]),
            "invoiced_amount": units(part["invoiced"]),
            "gap": units(part["invoiced"] - part["ledger"]),
            "unexplained_gap": units(part["invoiced"] - part["ledger"] - part["quarantined"]),
        }
        for bill, part in sums.items()
    }


def _arrival(row: Row) -> Any:
    return row.ingested or row.at


def _bill(charge: Row) -> Key:
    assert charge.day
    return charge.day.replace(day=1), charge.raw["advertiser_id"], charge.raw["currency"]


def _quarantine(platform: Platform) -> Mart:
    mart: Mart = {}
    for table in TABLES:
        accepted = {row.key for row in platform.accepted(table)}
        for row in platform.rows[table]:
            for reason in row.reasons if row.outcome == "quarantined" else []:
                currency = row.raw["currency"] if table == "charges" else None
                line = mart.setdefault(
                    (row.filed_on, table, reason, currency),
                    {
                        "quarantined_rows": 0,
                        "first_reason_rows": 0,
                        "superseded_rows": 0,
                        "amount": None,
                        "amount_in_reporting_currency": None,
                        "amount_at_stake": None,
                    },
                )
                line["quarantined_rows"] += 1
                line["first_reason_rows"] += reason == row.reasons[0]
                line["superseded_rows"] += row.key in accepted
                if table == "charges":
                    _plus(line, "amount", whole(row.raw["amount_micros"]))
                    _plus(line, "amount_in_reporting_currency", row.micros)
                    if reason == row.reasons[0] and row.key not in accepted:
                        _plus(line, "amount_at_stake", row.micros)
    return mart


def _plus(line: dict[str, Any], name: str, micros: int | None) -> None:
    if micros is not None:
        line[name] = (line[name] or Decimal(0)) + units(micros)


def _late(platform: Platform) -> Mart:
    mart: Mart = {}
    for table in TABLES:
        for row in platform.accepted(table):
            arrived = day_of(row.ingested)
            assert row.day
            assert arrived
            days = (arrived - row.day).days
            if days > LATE_DAYS:
                line = mart.setdefault(
                    (row.day, table), {"late_rows": 0, "most_days_late": 0, "late_amount": None}
                )
                line["late_rows"] += 1
                line["most_days_late"] = max(line["most_days_late"], days)
                if table == "charges":
                    _plus(line, "late_amount", row.micros)
    return mart


def _lateness(platform: Platform) -> Mart:
    mart: Mart = {}
    for table in TABLES:
        lags: dict[int, list[Row]] = defaultdict(list)
        for row in platform.accepted(table):
            arrived = day_of(row.ingested)
            assert row.day
            assert arrived
            lags[(arrived - row.day).days].append(row)
        total = sum(len(rows) for rows in lags.values())
        for lag, rows in lags.items():
            later = sum(len(others) for other, others in lags.items() if other > lag)
            mart[table, lag] = {
                "accepted_rows": len(rows),
                "share_of_rows": len(rows) / total,
                "later_rows": later,
                "share_later": later / total,
                "amount": units(sum(row.micros or 0 for row in rows))
                if table == "charges"
                else None,
            }
    return mart


def _conservation(platform: Platform) -> Mart:
    mart: Mart = defaultdict(
        lambda: {"raw_rows": 0, "accepted_rows": 0, "duplicate_rows": 0, "quarantined_rows": 0}
    )
    for table in TABLES:
        for row in platform.rows[table]:
            mart[row.filed_on, table]["raw_rows"] += 1
            mart[row.filed_on, table][f"{row.outcome}_rows"] += 1
    return dict(mart)
