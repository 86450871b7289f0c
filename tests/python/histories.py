"""Histories of a small platform, made at random: what happened, and in which step each row of it
was delivered, repeated, corrected or withdrawn.

Histories stand far apart in time, so that hundreds of them lie side by side in one folder and one
build takes them all: none can reach into another.
"""

import random
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
from pyarrow import parquet

from tributary.simulate.schema import EVENT_TIME, TABLES

STEPS = 5
DAYS_APART = 120
FIRST_DAY = datetime(2000, 1, 3)

Value = str | int | float | bool | datetime | None
Row = dict[str, Value]

COLUMNS = {table: [column.name for column in columns] for table, columns in TABLES.items()}


@dataclass(frozen=True)
class Delivery:
    """A row as it was delivered once: in the log from step `arrives` on, until step `leaves`."""

    table: str
    row: Row
    arrives: int
    leaves: int = STEPS

    @property
    def landed_on(self) -> date:
        """The day of the folder in which it lies."""
        moment = self.row[EVENT_TIME[self.table]]
        assert isinstance(moment, datetime)
        return moment.date()


@dataclass
class History:
    """One history and the randomness that it is drawn from."""

    number: int
    rng: random.Random
    deliveries: list[Delivery] = field(default_factory=list)

    @property
    def start(self) -> datetime:
        return FIRST_DAY + timedelta(days=DAYS_APART * self.window)

    @property
    def window(self) -> int:
        """Two histories share their days: each sees rows that it has nothing to do with."""
        return self.number // 2

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def after(self, moment: datetime, most_seconds: float) -> datetime:
        """A while later: mostly seconds, sometimes up to the limit, across midnights."""
        seconds = self.rng.choice([3, 40, 900, self.rng.random() * most_seconds])
        return moment + timedelta(seconds=int(seconds))


def draw_history(number: int) -> History:
    """A history by its number: the same one each time."""
    history = History(number, random.Random(f"history {number}"))
    for ordinal in range(history.rng.randint(1, 3)):
        _draw_request(history, f"{number}-{ordinal}")
    return history


def _draw_request(history: History, name: str) -> None:
    rng = history.rng
    # Around both midnights: 16:00 UTC is midnight of the reporting time zone.
    hour = rng.choice([15.99, 16.01, 23.99, 0.0, 24 * rng.random()])
    requested_at = history.start + timedelta(days=rng.randrange(3), seconds=int(hour * 3600))
    ads = rng.randint(0, 2)
    _deliver(
        history,
        "requests",
        {
            "request_id": f"r{name}",
            "requested_at": requested_at,
            "user_id": rng.choice([None, f"u{history.number}", f"v{history.number}"]),
            "device_id": "d",
            "surface": rng.choice(["search", "local", "feed"]),
            "entry_point": "query",
            "app_id": rng.choice(["main", None]),
            "region_code": rng.choice(["CN-BJ", "CN-SH"]),
            "country_code": "CN",
            "device_type": rng.choice(["phone", "desktop"]),
            "results_returned": 5,
            "commercial_results_returned": rng.choice([ads, ads, 2]),
        },
    )
    for position in range(1, ads + rng.randint(0, 1) + 1):
        _draw_impression(history, f"{name}-{position}", f"r{name}", requested_at, position <= ads)


def _draw_impression(
    history: History, name: str, request_id: str, requested_at: datetime, is_ad: bool
) -> None:
    rng = history.rng
    impressed_at = history.after(requested_at, 80_000)
    if history.chance(0.05):
        impressed_at += timedelta(days=2)  # past the attribution window
    if history.chance(0.05):
        impressed_at = requested_at - timedelta(seconds=rng.choice([4, 60]))
    pricing = rng.choice(["cpc", "cpm", "cpa"])
    advertiser = rng.choice(["a1", "a2"])
    _deliver(
        history,
        "impressions",
        {
            "impression_id": f"i{name}",
            "request_id": request_id,
            "impressed_at": impressed_at,
            "result_id": "x",
            "is_commercial": is_ad,
            "advertiser_id": advertiser if is_ad else None,
            "campaign_id": "c" if is_ad else None,
            "creative_id": "k" if is_ad else None,
            "position": 1,
            "pricing_model": pricing if is_ad else None,
            "bid_micros": 100,
            "predicted_ctr": 0.1,
            "predicted_cvr": 0.1,
        },
    )
    if is_ad and pricing == "cpm":
        _draw_charge(history, name, "impression", f"i{name}", advertiser, impressed_at)
    for ordinal in range(rng.choice([0, 1, 1, 2])):
        _draw_click(history, f"{name}-{ordinal}", f"i{name}", advertiser, impressed_at, pricing)


def _draw_click(
    history: History,
    name: str,
    impression_id: str,
    advertiser: str,
    impressed_at: datetime,
    pricing: str,
) -> None:
    rng = history.rng
    clicked_at = history.after(impressed_at, 80_000)
    _deliver(
        history,
        "clicks",
        {
            "click_id": f"k{name}",
            "impression_id": impression_id,
            "clicked_at": clicked_at,
            "is_invalid": history.chance(0.1),
            "invalid_reason": None,
        },
    )
    if pricing == "cpc" and history.chance(0.9):
        _draw_charge(history, name, "click", f"k{name}", advertiser, clicked_at)
    if history.chance(0.5):
        acted_at = history.after(clicked_at, 6 * 86_400)
        _deliver(
            history,
            "actions",
            {
                "action_id": f"a{name}",
                "click_id": rng.choice([f"k{name}", f"k{name}", f"k{name}", None]),
                "user_id": "u",
                "advertiser_id": advertiser,
                "acted_at": acted_at,
                "action_type": "order",
                "action_value_micros": rng.randint(0, 10**7),
                "currency": rng.choice(["CNY", "USD"]),
            },
        )
        if pricing == "cpa":
            _draw_charge(history, f"{name}-a", "action", f"a{name}", advertiser, acted_at)


def _draw_charge(
    history: History, name: str, event: str, event_id: str, advertiser: str, at: datetime
) -> None:
    rng = history.rng
    charge: Row = {
        "charge_id": f"h{name}",
        "charged_event": event,
        "event_id": event_id,
        "advertiser_id": advertiser,
        "charged_at": history.after(at, 80_000),
        "amount_micros": rng.randint(1, 10**6),
        "currency": rng.choice(["CNY", "USD", "CNY", "XTS"]),
        "original_charge_id": None,
    }
    _deliver(history, "charges", charge)
    if history.chance(0.4):
        charged_at = charge["charged_at"]
        assert isinstance(charged_at, datetime)
        _deliver(
            history,
            "charges",
            {
                **charge,
                "charge_id": f"h{name}-back",
                "charged_event": "adjustment",
                "event_id": None,
                "charged_at": history.after(charged_at, 15 * 86_400),
                "amount_micros": -rng.randint(1, 1000),
                "original_charge_id": charge["charge_id"],
            },
        )


def _deliver(history: History, table: str, row: Row) -> None:
    """Deliver a row, in whatever way logs deliver one."""
    rng = history.rng
    arrives = rng.choice([0, 0, 0, rng.randrange(STEPS)])
    first = _arrived(row, table, arrives)
    leaves = rng.randrange(arrives + 1, STEPS + 1) if history.chance(0.06) else STEPS
    history.deliveries.append(Delivery(table, first, arrives, leaves))
    if history.chance(0.1):
        again = rng.randrange(STEPS)
        history.deliveries.append(Delivery(table, _arrived(row, table, again), again))
    if history.chance(0.2):
        later = rng.randrange(STEPS)
        changed = _arrived(_corrected(history, table, row), table, later)
        leaves = rng.randrange(later + 1, STEPS + 1) if history.chance(0.1) else STEPS
        history.deliveries.append(Delivery(table, changed, later, leaves))
    if history.chance(0.03):
        broken = {**first, COLUMNS[table][0]: rng.choice([None, f"x{history.number}"])}
        broken[COLUMNS[table][1]] = None
        if COLUMNS[table][1] != EVENT_TIME[table]:
            history.deliveries.append(Delivery(table, broken, rng.randrange(STEPS)))


def _arrived(row: Row, table: str, step: int) -> Row:
    moment = row[EVENT_TIME[table]]
    assert isinstance(moment, datetime)
    return {**row, "ingested_at": moment + timedelta(days=step, minutes=1)}


def _corrected(history: History, table: str, row: Row) -> Row:
    """The same event, told otherwise later: another moment, a verdict, an amount, a surface."""
    moment = row[EVENT_TIME[table]]
    assert isinstance(moment, datetime)
    other: list[Row] = [
        {EVENT_TIME[table]: moment + timedelta(hours=history.rng.choice([-9, 1, 13, 40]))},
        {"device_id": "e", "surface": "video"} if table == "requests" else {},
        {"advertiser_id": "a3"} if table == "impressions" and row["is_commercial"] else {},
        {"is_invalid": True} if table == "clicks" else {},
        {"action_value_micros": 7} if table == "actions" else {},
        {"amount_micros": 11, "currency": "USD"} if table == "charges" else {},
    ]
    return {**row, **history.rng.choice([change for change in other if change])}


def write_step(histories: list[History], folder: Path, step: int) -> None:
    """Leave the logs as they are after a step: only files whose rows changed are written again."""
    now, before = (_files(histories, at) for at in (step, step - 1))
    for place, rows in now.items():
        if before.get(place) != rows:
            _write(folder / place[1], place[0], rows)
    for place in before.keys() - now.keys():
        (folder / place[1]).unlink()


def _files(histories: list[History], step: int) -> dict[tuple[str, str], list[Row]]:
    files: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for history in histories:
        for delivery in history.deliveries:
            if delivery.arrives <= step < delivery.leaves:
                table, day = delivery.table, delivery.landed_on
                path = f"events/{table}/dt={day}/part-{delivery.arrives}.parquet"
                files[table, path].append(delivery.row)
    return dict(files)


def _write(path: Path, table: str, rows: list[Row]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fields = [pa.field(name, _type_of(name)) for name in COLUMNS[table]]
    whole = [{name: row.get(name) for name in COLUMNS[table]} for row in rows]
    parquet.write_table(pa.Table.from_pylist(whole, pa.schema(fields)), path)


def _type_of(column: str) -> pa.DataType:
    if column.endswith("_at"):
        return pa.timestamp("us")
    if column.startswith("is_"):
        return pa.bool_()
    if column.startswith("predicted_"):
        return pa.float64()
    if column.endswith(("_micros", "results_returned")) or column == "position":
        return pa.int64()
    return pa.string()


def write_rates(histories: list[History], folder: Path, step: int) -> None:
    """Rates of the dollar: some days have none until a later step, some are corrected then."""
    (folder / "reference").mkdir(parents=True, exist_ok=True)
    lines = ["rate_date,currency,rate"]
    for history in {history.window: history for history in histories}.values():
        rng = random.Random(f"rates {history.window}")
        for ordinal in range(30):
            day = (history.start + timedelta(days=ordinal - 1)).date()
            known_from, corrected_in = rng.choice([0, 0, 0, 3]), rng.choice([9, 9, 9, 2])
            rate = 7.1 if step < corrected_in else 7.2
            if step >= known_from:
                lines.append(f"{day},USD,{rate}")
    (folder / "reference" / "fx_rates.csv").write_text("\n".join(lines) + "\n")


def write_tiers(folder: Path, step: int) -> None:
    """Tiers of the advertisers: of one it changes, the other is listed from some step on."""
    (folder / "reference").mkdir(parents=True, exist_ok=True)
    lines = ["advertiser_id,advertiser_name,industry,tier,onboarded_on"]
    lines.append(f"a1,A,retail,{'small' if step < 3 else 'key'},2000-01-01")
    if step >= 2:
        lines.append("a2,B,travel,mid,2000-01-01")
    (folder / "reference" / "advertisers.csv").write_text("\n".join(lines) + "\n")
