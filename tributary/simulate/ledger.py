"""The money in the books: the ledger on both bases, and what finance bills from it."""

from datetime import date

import numpy as np

from tributary.simulate.arrays import IntArray, count_by, sum_by
from tributary.simulate.marts import Cell, Mart, as_int, mart
from tributary.simulate.money import RATE_SCALE, decimal_text
from tributary.simulate.outcomes import Charges
from tributary.simulate.schema import CURRENCIES, Frame
from tributary.simulate.slices import DayCounts, book_day
from tributary.simulate.world import DAYS_BEFORE, World


class Ledger:
    """Accounts by advertiser, month and currency, and sums by day."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._ids = world.vocabularies["advertiser_id"]
        days, currencies = world.book_days, len(CURRENCIES)
        # basis (request, ledger) by lines, micros and converted micros, by currency, by day
        self._basis = np.zeros((2, 3, currencies, days), dtype=np.int64)
        self._months = _months(world)
        self._month_of_day = np.array(
            [
                self._months.index(_month(world.settings.date_of(day - DAYS_BEFORE)))
                for day in range(days)
            ]
        )
        # each account: lines and micros
        shape = (2, len(self._ids), len(self._months), currencies)
        self._ledger = np.zeros(shape, dtype=np.int64)
        self._quarantined = np.zeros(shape, dtype=np.int64)
        self._billed = np.zeros(shape, dtype=np.int64)

    def _cells(self, frame: Frame) -> tuple[IntArray, IntArray, IntArray]:
        month = self._month_of_day[book_day(self._world, frame["charged_at"])]
        return frame["advertiser_id"], month, frame["currency"]

    def add_day(self, day: int, charges: Charges, counts: DayCounts) -> None:
        """Posts the accepted lines of one day's requests."""
        good = np.flatnonzero(counts.charge_good)
        currency, amount = charges.currency[good], charges.amount[good]
        charged, value = counts.charge_day[good], counts.charge_value[good]
        requested = np.full(len(good), day + DAYS_BEFORE)
        days, size = self._world.book_days, len(CURRENCIES) * self._world.book_days
        for basis, on in enumerate((requested, charged)):
            cell = currency * days + on
            for place, values in enumerate((np.ones_like(amount), amount, value)):
                self._basis[basis, place] += sum_by(cell, values, size).reshape(-1, days)
        cells = (charges.advertiser[good], self._month_of_day[charged], currency)
        _post(self._ledger, cells, amount)
        _post(self._billed, cells, amount)

    def add_refused(self, lines: Frame, billed: bool) -> None:
        """Posts lines that the warehouse refuses; finance bills some of them all the same."""
        accounts = (self._quarantined, self._billed) if billed else (self._quarantined,)
        for account in accounts:
            _post(account, self._cells(lines), lines["amount_micros"])

    def invoices(self) -> tuple[list[tuple[object, ...]], list[dict[str, object]]]:
        """What finance bills, with the errors that it makes."""
        lines, billed = self._billed
        errors = self._invoice_errors()
        wrong = {tuple(error[:3]): error for error in errors}
        rows: list[tuple[object, ...]] = []
        for cell in zip(*np.nonzero(lines), strict=True):
            advertiser, month, currency = (int(part) for part in cell)
            amount = int(billed[cell])
            error = wrong.get((advertiser, month, currency))
            if error is not None and error[3] == "not_billed":
                continue
            amount += error[4] if error is not None else 0
            rows.append(
                (
                    self._ids[advertiser],
                    self._months[month],
                    CURRENCIES[currency],
                    amount,
                )
            )
        return rows, [
            {
                "advertiser_id": self._ids[advertiser],
                "invoice_month": self._months[month].isoformat(),
                "currency": CURRENCIES[currency],
                "kind": kind,
                "error_micros": micros,
            }
            for advertiser, month, currency, kind, micros in errors
        ]

    def _invoice_errors(self) -> list[tuple[int, int, int, str, int]]:
        """Three of the larger bills go wrong: one too high, one too low, one never sent."""
        if self._world.settings.clean:
            return []
        billed = self._billed[1]
        rate = self._world.rates[self._world.advertiser_currency, DAYS_BEFORE] / RATE_SCALE
        total = billed.max(axis=(1, 2)) * rate
        ranked = [int(one) for one in np.argsort(-total, kind="stable") if total[one] > 0]
        found = []
        plan = (
            (1, "overbilled", 40),
            (4, "underbilled", -25),
            (8, "not_billed", -1000),
        )
        for rank, kind, per_mille in plan:
            if rank < len(ranked):
                advertiser = ranked[rank]
                best = int(np.argmax(billed[advertiser]))
                month, currency = divmod(best, billed.shape[2])
                amount = int(billed[advertiser, month, currency])
                found.append((advertiser, month, currency, kind, amount * per_mille // 1000))
        return found

    def reconciliation(self) -> Mart:
        """Both bases side by side, per day and currency."""
        rows: list[list[Cell]] = []
        lines, amounts, values = (self._basis[:, place] for place in range(3))
        for code, currency in enumerate(CURRENCIES):
            running = 0
            for column in np.flatnonzero(lines[:, code].sum(axis=0)).tolist():
                by_request, by_ledger = (int(amounts[basis, code, column]) for basis in (0, 1))
                running += by_request - by_ledger
                cells = (
                    by_request,
                    by_ledger,
                    by_request - by_ledger,
                    running,
                    int(values[0, code, column]),
                    int(values[1, code, column]),
                )
                rows.append(
                    [
                        self._world.settings.date_of(column - DAYS_BEFORE).isoformat(),
                        currency,
                        *map(decimal_text, cells),
                    ]
                )
        columns = (
            "reported_on", "currency", "request_basis_amount", "ledger_basis_amount",
            "timing_difference", "cumulative_timing_difference", "request_basis_revenue",
            "ledger_basis_revenue",
        )  # fmt: skip
        return mart(columns, rows)

    def invoice_reconciliation(self, invoices: list[tuple[object, ...]]) -> Mart:
        """Ledger, quarantine and invoice side by side, per month and advertiser."""
        invoiced = {row[:3]: as_int(row[3]) for row in invoices}
        rows: list[list[Cell]] = []
        any_line = self._ledger[0] + self._quarantined[0] + self._billed[0]
        for cell in zip(*np.nonzero(any_line), strict=True):
            advertiser, month, currency = (int(part) for part in cell)
            key = (self._ids[advertiser], self._months[month], CURRENCIES[currency])
            ledger, quarantined = (
                int(self._ledger[1][cell]),
                int(self._quarantined[1][cell]),
            )
            bill = invoiced.get(key, 0)
            cells = (
                ledger,
                quarantined,
                bill,
                bill - ledger,
                bill - ledger - quarantined,
            )
            rows.append([key[1].isoformat(), key[0], key[2], *map(decimal_text, cells)])
        columns = (
            "invoice_month", "advertiser_id", "currency", "ledger_amount", "quarantined_amount",
            "invoiced_amount", "gap", "unexplained_gap",
        )  # fmt: skip
        return mart(columns, sorted(rows, key=lambda row: [str(cell) for cell in row[:3]]))


def _post(account: IntArray, cells: tuple[IntArray, IntArray, IntArray], amounts: IntArray) -> None:
    """Adds lines and micros to an account by advertiser, month and currency."""
    shape = account.shape[1:]
    place = np.ravel_multi_index(cells, shape)
    size = int(np.prod(shape))
    account[0] += count_by(place, size).reshape(shape)
    account[1] += sum_by(place, amounts, size).reshape(shape)


def _month(day: date) -> date:
    return day.replace(day=1)


def _months(world: World) -> list[date]:
    days = (world.settings.date_of(day - DAYS_BEFORE) for day in range(world.book_days))
    return sorted({_month(day) for day in days})
