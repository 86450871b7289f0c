"""The generator's own books: what the warehouse must find in the logs, counted while they are
made.
"""

from collections import defaultdict

import numpy as np

from tributary.simulate.arrays import (
    NULL_CODE,
    NULL_INT,
    BoolArray,
    IntArray,
    count_by,
    sum_by,
)
from tributary.simulate.daylog import DayLog
from tributary.simulate.defects import ORPHAN, Batch, Damage, Outcome
from tributary.simulate.ledger import Ledger
from tributary.simulate.marts import Cell, Mart, as_int, mart
from tributary.simulate.money import decimal_text
from tributary.simulate.schema import (
    CURRENCIES,
    EVENT_TIME,
    KEY,
    ON_CLICK,
    SURFACES,
    TABLES,
    rows_in,
    take,
)
from tributary.simulate.settings import LOOKBACK_DAYS
from tributary.simulate.slice_marts import SliceMarts
from tributary.simulate.slices import (
    DayCounts,
    book_day,
    count_day,
)
from tributary.simulate.world import DAYS_BEFORE, World

UNATTRIBUTED = "(unattributed)"

ACCEPTED, DUPLICATE, QUARANTINED = range(3)
_BILLED_ANYWAY = {("orphan_charge",), ("charge_on_invalid_click",)}
"""Ledger lines that the warehouse refuses and that finance bills all the same."""


class Books:
    """Takes in day after day, and gives the truth at the end."""

    def __init__(self, world: World) -> None:
        self._world = world
        days = world.book_days
        self._rows = {table: np.zeros((3, days), dtype=np.int64) for table in TABLES}
        self._late = {table: np.zeros(days, dtype=np.int64) for table in TABLES}
        self._most_late = {table: np.zeros(days, dtype=np.int64) for table in TABLES}
        self._late_amount = np.zeros(days, dtype=np.int64)
        # table, reason, currency -> rows, rows of which it is the first reason, superseded rows,
        # micros
        self._reasons: dict[tuple[str, str, int], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
        self._gaps: dict[tuple[int, str, str], list[int]] = defaultdict(lambda: [0, 0])
        self._ledger = Ledger(world)
        self._slices = SliceMarts(world)

    def add_day(self, log: DayLog, damage: Damage) -> None:
        """Books one day: its good rows, the children of doomed requests, and the planted rows."""
        counts = count_day(self._world, log)
        self._slices.add_day(log, counts)
        self._add_gaps(log, counts)
        self._ledger.add_day(log.day, log.charges, counts)
        for table in TABLES:
            self._add_accepted(table, log, damage.late[table], counts)
            if table in ORPHAN and log.doomed[table].any():
                frame = take(log.frames[table], np.flatnonzero(log.doomed[table]))
                self._add_quarantined(Batch(table, frame, Outcome.QUARANTINED, (ORPHAN[table],)))
        for batch in damage.batches:
            if batch.outcome is Outcome.DUPLICATE:
                self._count(batch.table, DUPLICATE, batch.frame[EVENT_TIME[batch.table]])
            else:
                self._add_quarantined(batch)

    def _count(self, table: str, outcome: int, time: IntArray) -> None:
        days = book_day(self._world, time)
        self._rows[table][outcome] += count_by(days, self._world.book_days)

    def _add_accepted(self, table: str, log: DayLog, late: IntArray, counts: DayCounts) -> None:
        frame = log.frames[table]
        self._count(table, ACCEPTED, frame[EVENT_TIME[table]][~log.doomed[table]])
        if not len(late):
            return
        day = book_day(self._world, frame[EVENT_TIME[table]][late])
        days_late = book_day(self._world, frame["ingested_at"][late]) - day
        assert int(days_late.min()) > LOOKBACK_DAYS
        self._late[table] += count_by(day, self._world.book_days)
        np.maximum.at(self._most_late[table], day, days_late)
        if table == "charges":
            np.add.at(self._late_amount, day, counts.charge_value[late])

    def _add_quarantined(self, batch: Batch) -> None:
        """Books rows that the warehouse refuses."""
        table, frame = batch.table, batch.frame
        time = frame[EVENT_TIME[table]]
        unreadable = batch.garbled == EVENT_TIME[table]
        self._count(
            table,
            QUARANTINED,
            np.where((time == NULL_INT) | unreadable, frame["ingested_at"], time),
        )
        # Per currency, because only the ledger has amounts; other tables stand under NULL.
        currency = np.full(rows_in(frame), NULL_CODE)
        amount = np.zeros(rows_in(frame), dtype=np.int64)
        if table == "charges":
            currency, amount = frame["currency"], frame["amount_micros"]
            unread = (amount == NULL_INT) | (batch.garbled == "amount_micros")
            amount = np.where(unread, 0, amount)
            self._add_refused_lines(batch, currency, amount, unread)
        for code in np.unique(currency):
            mine = currency == code
            rows = int(mine.sum())
            for place, reason in enumerate(batch.reasons):
                entry = self._reasons[table, reason, int(code)]
                entry[0] += rows
                entry[1] += rows if place == 0 else 0
                entry[2] += rows if batch.superseded else 0
                entry[3] += int(amount[mine].sum())

    def _add_refused_lines(
        self, batch: Batch, currency: IntArray, amount: IntArray, unread: BoolArray
    ) -> None:
        frame, world = batch.frame, self._world
        readable = (frame["advertiser_id"] != NULL_CODE) & (currency != NULL_CODE) & ~unread
        readable &= (frame["charged_at"] != NULL_INT) & (batch.garbled != "charged_at")
        readable &= frame[KEY["charges"]] != NULL_CODE
        if not batch.superseded:
            lines = take(frame, np.flatnonzero(readable))
            self._ledger.add_refused(lines, billed=batch.reasons in _BILLED_ANYWAY)
        if "orphan_charge" in batch.reasons:
            clicks = (frame["charged_event"] == ON_CLICK) & (amount > 0)
            days = book_day(world, frame["charged_at"][clicks]) - DAYS_BEFORE
            for day in days.tolist():
                self._gaps[day, UNATTRIBUTED, "ctr2"][1] += 1

    def _add_gaps(self, log: DayLog, counts: DayCounts) -> None:
        surface = log.requests.surface[counts.good]
        shown = counts.per_request["ad_impressions"][counts.good]
        sent = log.requests.sent[counts.good]
        uncharged = counts.uncharged_by_request[counts.good]
        size = len(SURFACES)
        second = {
            "pvr": count_by(surface[(sent > 0) & (shown == 0)], size),
            "asn": sum_by(surface, sent - shown, size),
        }
        first = {"ctr2": sum_by(surface, uncharged, size)}
        for place, found in enumerate((first, second)):
            for quantity, values in found.items():
                for code in np.flatnonzero(values):
                    entry = self._gaps[log.day, SURFACES[code], quantity]
                    entry[place] += int(values[code])

    def invoices(self) -> tuple[list[tuple[object, ...]], list[dict[str, object]]]:
        """What finance bills, with the errors that it makes."""
        return self._ledger.invoices()

    def truth(self, invoices: list[tuple[object, ...]]) -> dict[str, object]:
        """Everything but the arguments and the invoice errors."""
        return {
            "tables": {
                table: {
                    "raw_rows": int(rows.sum()),
                    "accepted_rows": int(rows[ACCEPTED].sum()),
                    "duplicate_rows": int(rows[DUPLICATE].sum()),
                    "quarantined_rows": int(rows[QUARANTINED].sum()),
                    "late_rows": int(self._late[table].sum()),
                }
                for table, rows in self._rows.items()
            },
            "reasons": self._reason_totals(),
            "gaps": self._gap_rows(),
            "marts": {
                **self._slices.marts(),
                "reconciliation_daily": self._ledger.reconciliation(),
                "invoice_reconciliation_monthly": self._ledger.invoice_reconciliation(invoices),
                "quarantine_summary": self._quarantine_summary(),
                "late_arrivals": self._late_arrivals(),
                "conservation_daily": self._conservation(),
            },
        }

    def _date(self, column: int) -> str:
        return self._world.settings.date_of(column - DAYS_BEFORE).isoformat()

    def _reason_totals(self) -> dict[str, dict[str, dict[str, object]]]:
        found: dict[str, dict[str, dict[str, object]]] = {table: {} for table in TABLES}
        for table, reason, currency in sorted(self._reasons):
            rows, _, _, micros = self._reasons[table, reason, currency]
            entry = found[table].setdefault(reason, {"rows": 0})
            entry["rows"] = as_int(entry["rows"]) + rows
            if table == "charges":
                money = entry.setdefault("micros", {})
                assert isinstance(money, dict)
                money["" if currency == NULL_CODE else CURRENCIES[currency]] = micros
        return found

    def _quarantine_summary(self) -> Mart:
        rows: list[list[Cell]] = []
        for table, reason, currency in sorted(self._reasons):
            counts = self._reasons[table, reason, currency]
            money = decimal_text(counts[3]) if table == "charges" else None
            name = None if currency == NULL_CODE else CURRENCIES[currency]
            rows.append([table, reason, name, *counts[:3], money])
        columns = (
            "event_table", "reason", "currency", "quarantined_rows", "first_reason_rows",
            "superseded_rows", "amount",
        )  # fmt: skip
        return mart(columns, rows)

    def _gap_rows(self) -> Mart:
        rows: list[list[Cell]] = [
            [self._world.settings.date_of(day).isoformat(), surface, quantity, *counts]
            for (day, surface, quantity), counts in sorted(self._gaps.items())
        ]
        columns = (
            "reported_on",
            "surface",
            "quantity",
            "only_in_first",
            "only_in_second",
        )
        return mart(columns, rows)

    def _late_arrivals(self) -> Mart:
        rows: list[list[Cell]] = []
        for table in TABLES:
            for column in np.flatnonzero(self._late[table]).tolist():
                amount = decimal_text(int(self._late_amount[column]))
                rows.append(
                    [
                        self._date(column),
                        table,
                        int(self._late[table][column]),
                        int(self._most_late[table][column]),
                        amount if table == "charges" else None,
                    ]
                )
        columns = (
            "event_on",
            "event_table",
            "late_rows",
            "most_days_late",
            "late_amount",
        )
        return mart(columns, rows)

    def _conservation(self) -> Mart:
        rows: list[list[Cell]] = []
        for table, counts in self._rows.items():
            raw = counts.sum(axis=0)
            for column in np.flatnonzero(raw).tolist():
                by_outcome = [int(count) for count in counts[:, column]]
                rows.append([self._date(column), table, int(raw[column]), *by_outcome])
        columns = (
            "event_on", "event_table", "raw_rows", "accepted_rows", "duplicate_rows",
            "quarantined_rows",
        )  # fmt: skip
        return mart(columns, rows)
