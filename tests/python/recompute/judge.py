"""Which raw rows count, and why the others do not."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

from recompute.rows import (
    REPORTING_CURRENCY,
    Raw,
    Row,
    day_of,
    moment,
    number,
    read_table,
    truth,
    whole,
)

TABLES = ("requests", "impressions", "clicks", "actions", "charges")
CLOCKS_DIFFER = timedelta(seconds=5)
FUTURE = timedelta(minutes=5)

KEYS = {
    "requests": ("request_id", "requested_at"),
    "impressions": ("impression_id", "impressed_at"),
    "clicks": ("click_id", "clicked_at"),
    "actions": ("action_id", "acted_at"),
    "charges": ("charge_id", "charged_at"),
}
Need = Callable[[Raw], bool]


def _always(_: Raw) -> bool:
    return True


def _commercial(row: Raw) -> bool:
    return truth(row["is_commercial"]) is True


def _on_event(row: Raw) -> bool:
    return row["charged_event"] is not None and row["charged_event"] != "adjustment"


def _adjusts(row: Raw) -> bool:
    return row["charged_event"] == "adjustment"


REQUIRED: dict[str, dict[str, Need]] = {
    "requests": dict.fromkeys(
        [
            "request_id",
            "requested_at",
            "surface",
            "entry_point",
            "device_type",
            "results_returned",
            "commercial_results_returned",
            "ingested_at",
        ],
        _always,
    ),
    "impressions": {
        "impression_id": _always,
        "request_id": _always,
        "impressed_at": _always,
        "result_id": _always,
        "is_commercial": _always,
        "advertiser_id": _commercial,
        "campaign_id": _commercial,
        "position": _always,
        "pricing_model": _commercial,
        "ingested_at": _always,
    },
    "clicks": dict.fromkeys(
        ["click_id", "impression_id", "clicked_at", "is_invalid", "ingested_at"], _always
    ),
    "actions": dict.fromkeys(
        ["action_id", "acted_at", "action_type", "action_value_micros", "currency", "ingested_at"],
        _always,
    ),
    "charges": {
        "charge_id": _always,
        "charged_event": _always,
        "event_id": _on_event,
        "advertiser_id": _always,
        "charged_at": _always,
        "amount_micros": _always,
        "currency": _always,
        "original_charge_id": _adjusts,
        "ingested_at": _always,
    },
}
PARSED: dict[str, dict[str, Callable[[str | None], object]]] = {
    "requests": {
        "requested_at": moment,
        "results_returned": whole,
        "commercial_results_returned": whole,
        "ingested_at": moment,
    },
    "impressions": {
        "impressed_at": moment,
        "is_commercial": truth,
        "position": whole,
        "bid_micros": whole,
        "predicted_ctr": number,
        "predicted_cvr": number,
        "ingested_at": moment,
    },
    "clicks": {"clicked_at": moment, "is_invalid": truth, "ingested_at": moment},
    "actions": {"acted_at": moment, "action_value_micros": whole, "ingested_at": moment},
    "charges": {"charged_at": moment, "amount_micros": whole, "ingested_at": moment},
}
KNOWN = {
    "requests": {
        "surface": {"search", "local", "feed", "splash", "video", "store", "display"},
        "entry_point": {"query", "recommend"},
        "device_type": {"phone", "tablet", "desktop", "tv"},
    },
    "impressions": {"pricing_model": {"cpc", "cpm", "cpa", "cps"}},
    "clicks": {},
    "actions": {"action_type": {"order", "booking", "coupon", "call", "download", "activation"}},
    "charges": {"charged_event": {"impression", "click", "action", "adjustment"}},
}
LEAST = {
    "requests": {"results_returned": 0, "commercial_results_returned": 0},
    "impressions": {"bid_micros": 0},
    "clicks": {},
    "actions": {"action_value_micros": 0},
    "charges": {},
}


MOST_EVENTS = 10**6
MOST_MICROS = 10**15
PLAUSIBLE: dict[str, dict[str, tuple[int, int]]] = {
    "requests": dict.fromkeys(
        ["results_returned", "commercial_results_returned"], (-MOST_EVENTS, MOST_EVENTS)
    ),
    "impressions": {
        "position": (1, MOST_EVENTS),
        "bid_micros": (-MOST_MICROS, MOST_MICROS),
        "predicted_ctr": (0, 1),
        "predicted_cvr": (0, 1),
    },
    "clicks": {},
    "actions": {"action_value_micros": (-MOST_MICROS, MOST_MICROS)},
    "charges": {"amount_micros": (-MOST_MICROS, MOST_MICROS)},
}
TOTALS = ("(all)", "(unattributed)")
GREATEST_AGE = timedelta(days=366)
FURTHEST_AHEAD = timedelta(days=1)
FIRST_ARRIVAL = datetime(2000, 1, 1)


@dataclass
class Platform:
    """Every raw row, judged.

    Attributes:
        rows: by event table.
        references: raw rows of the reference tables.
    """

    rows: dict[str, list[Row]]
    references: dict[str, list[Raw]]

    def accepted(self, table: str) -> list[Row]:
        """The rows of a table that count."""
        return [row for row in self.rows[table] if row.outcome == "accepted"]


def judge(folder: Path) -> Platform:
    """Read a platform's CSV files and decide on each row."""
    names = ("fx_rates", "invoices", "finance_statements", "advertisers")
    references = {name: read_table(folder, "reference", name) for name in names}
    rates = _rates(references["fx_rates"])
    rows: dict[str, list[Row]] = {}
    for table in TABLES:
        key, at = KEYS[table]
        rows[table] = [
            Row(raw, raw[key], moment(raw[at]), moment(raw["ingested_at"]))
            for raw in read_table(folder, "events", table)
        ]
        for row in rows[table]:
            row.reasons = _own_reasons(table, row)
            if row.reasons:
                row.outcome = "quarantined"
        _choose_deliveries(rows[table])
    platform = Platform(rows, references)
    _against_parents(platform, rates)
    return platform


def _own_reasons(table: str, row: Row) -> list[str]:
    raw = row.raw
    reasons = [
        f"missing_{c}" for c, need in REQUIRED[table].items() if raw[c] is None and need(raw)
    ]
    reasons += [
        f"unparsable_{c}"
        for c, parse in PARSED[table].items()
        if raw[c] is not None and parse(raw[c]) is None
    ]
    reasons += [
        f"unknown_{c}"
        for c, values in KNOWN[table].items()
        if raw[c] is not None and raw[c] not in values
    ]
    reasons += [
        f"negative_{c}" for c, least in LEAST[table].items() if _below(whole(raw[c]), least)
    ]
    reasons += [
        f"implausible_{c}"
        for c, (least, most) in PLAUSIBLE[table].items()
        if _beyond(PARSED[table][c](raw[c]), least, most)
    ]
    if table == "requests":
        reasons += [
            f"reserved_{c}" for c in ("app_id", "region_code", "country_code") if raw[c] in TOTALS
        ]
        sent, results = (whole(raw[c]) for c in ("commercial_results_returned", "results_returned"))
        if sent is not None and results is not None and sent > results:
            reasons.append("commercial_exceeds_returned")
    is_first_hand = table == "charges" and raw["original_charge_id"] is None
    if is_first_hand and _below(whole(raw["amount_micros"]), 0):
        reasons.append("negative_amount_without_original")
    if row.at and row.ingested and row.at > row.ingested + FUTURE:
        reasons.append("from_the_future")
    if row.at and row.ingested and row.at < row.ingested - GREATEST_AGE:
        reasons.append("from_the_past")
    if row.ingested and not FIRST_ARRIVAL <= row.ingested <= _now() + FURTHEST_AHEAD:
        reasons.append("implausible_ingested_at")
    return reasons


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def _beyond(value: object, least: int, most: int) -> bool:
    return isinstance(value, int | float) and not least <= value <= most


def _below(value: int | None, least: int) -> bool:
    return value is not None and value < least


def _choose_deliveries(rows: list[Row]) -> None:
    by_key: dict[str | None, list[Row]] = defaultdict(list)
    for row in rows:
        if row.outcome == "accepted":
            by_key[row.key].append(row)
    for deliveries in by_key.values():
        if len(deliveries) == 1:
            continue
        latest = max(deliveries, key=lambda row: (_arrival(row), "|".join(_content(row))))
        same = [row for row in deliveries if _content(row) == _content(latest)]
        kept = min(same, key=_arrival)
        for row in deliveries:
            if _content(row) != _content(latest):
                row.outcome, row.reasons = "quarantined", ["conflicting_duplicate"]
            elif row is not kept:
                row.outcome = "duplicate"


def _arrival(row: Row) -> datetime:
    assert row.ingested is not None, row.raw
    return row.ingested


def _content(row: Row) -> tuple[str, ...]:
    return tuple(value or "" for column, value in row.raw.items() if column != "ingested_at")


def _rates(listed: list[Raw]) -> dict[tuple[date, str], Decimal]:
    rates: dict[tuple[date, str], set[Decimal]] = defaultdict(set)
    for row in listed:
        rates[date.fromisoformat(row["rate_date"] or ""), row["currency"] or ""].add(
            Decimal(row["rate"] or "")
        )
    return {key: values.pop() for key, values in rates.items() if len(values) == 1}


def _convert(row: Row, column: str, rates: dict[tuple[date, str], Decimal]) -> None:
    """Set the row's amount in the reporting currency, where it has a rate."""
    currency, amount, day = row.raw["currency"], whole(row.raw[column]), day_of(row.at)
    if currency == REPORTING_CURRENCY:
        rate: Decimal | None = Decimal(1)
    else:
        rate = rates.get((day, currency)) if day and currency else None
    if rate is not None and amount is not None and day is not None:
        converted = int((amount * rate).quantize(Decimal(1), rounding=ROUND_HALF_EVEN))
        row.micros = converted if abs(converted) < 2**63 else None
    elif currency == REPORTING_CURRENCY and amount is not None:
        row.micros = amount


def _hold(row: Row, reasons: list[str]) -> None:
    if row.outcome == "accepted" and reasons:
        row.outcome, row.reasons = "quarantined", reasons


def _reversed(child: Row, parent: Row) -> bool:
    assert child.at
    assert parent.at
    return child.at < parent.at - CLOCKS_DIFFER


def _against_parents(platform: Platform, rates: dict[tuple[date, str], Decimal]) -> None:
    requests = {row.key: row for row in platform.accepted("requests")}
    for row in platform.accepted("impressions"):
        row.request = requests.get(row.raw["request_id"])
        _hold(row, _parent_reasons(row, row.request, "orphan_impression"))
    impressions = {row.key: row for row in platform.accepted("impressions")}

    for row in platform.accepted("clicks"):
        row.impression = impressions.get(row.raw["impression_id"])
        _hold(row, _parent_reasons(row, row.impression, "orphan_click"))
    _give_roles(platform.accepted("clicks"))
    clicks = {row.key: row for row in platform.accepted("clicks")}

    for row in platform.rows["actions"]:
        _convert(row, "action_value_micros", rates)
    for row in platform.accepted("actions"):
        click = clicks.get(row.raw["click_id"])
        reasons = (
            [] if row.raw["click_id"] is None else _parent_reasons(row, click, "orphan_action")
        )
        _hold(row, reasons + _rate_reason(row))
        if click:
            row.impression, row.role = click.impression, click.role
    actions = {row.key: row for row in platform.accepted("actions")}

    for row in platform.rows["charges"]:
        _convert(row, "amount_micros", rates)
    parents = {"impression": impressions, "click": clicks, "action": actions}
    lines = platform.accepted("charges")
    for row in lines:
        if row.raw["charged_event"] == "adjustment":
            continue
        event = parents[row.raw["charged_event"] or ""].get(row.raw["event_id"])
        if event is not None:
            row.impression = event if row.raw["charged_event"] == "impression" else event.impression
        reasons = _parent_reasons(row, event if row.impression else None, "orphan_charge")
        if event is not None and row.impression and event.role == "invalid":
            reasons.append("charge_on_invalid_click")
        _hold(row, reasons + _rate_reason(row))
    originals = {
        row.key: row
        for row in lines
        if row.outcome == "accepted" and row.raw["charged_event"] != "adjustment"
    }
    for row in lines:
        if row.raw["charged_event"] == "adjustment":
            original = originals.get(row.raw["original_charge_id"])
            row.impression = original.impression if original else None
            _hold(row, _parent_reasons(row, original, "orphan_charge") + _rate_reason(row))


def _parent_reasons(row: Row, parent: Row | None, orphan: str) -> list[str]:
    if parent is None:
        return [orphan]
    return ["time_reversed"] if _reversed(row, parent) else []


def _rate_reason(row: Row) -> list[str]:
    return [] if row.micros is not None else ["no_fx_rate"]


def _give_roles(clicks: list[Row]) -> None:
    taken: set[str | None] = set()
    for row in sorted(clicks, key=lambda row: (row.at, row.key)):
        if truth(row.raw["is_invalid"]):
            row.role = "invalid"
        else:
            row.role = "repeated" if row.raw["impression_id"] in taken else "valid"
            taken.add(row.raw["impression_id"])
