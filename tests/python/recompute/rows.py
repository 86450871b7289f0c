"""Raw CSV rows, typed value by value."""

import csv
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

REPORTING_CURRENCY = "CNY"
REPORTING_OFFSET = timedelta(hours=8)

Raw = dict[str, str | None]


def read_table(folder: Path, kind: str, table: str) -> list[Raw]:
    """Rows of one table; an empty value is None."""
    path = folder / kind / f"{table}.csv"
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return [
            {name: (value.strip() or None) for name, value in row.items()}
            for row in csv.DictReader(file)
        ]


def moment(text: str | None) -> datetime | None:
    """A UTC timestamp, or None where the text is none."""
    try:
        return datetime.strptime(text or "", "%Y-%m-%d %H:%M:%S")
    except ValueError:
        return None


def whole(text: str | None) -> int | None:
    """An integer written in digits, or None."""
    digits = (text or "").removeprefix("-")
    return int(text or "") if digits.isascii() and digits.isdigit() else None


def number(text: str | None) -> float | None:
    """A finite double, or None."""
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if value - value == 0 else None


def truth(text: str | None) -> bool | None:
    """A boolean, or None."""
    return {"true": True, "false": False}.get((text or "").lower())


def day_of(at: datetime | None) -> date | None:
    """The reporting day on which a UTC moment falls."""
    return None if at is None else (at + REPORTING_OFFSET).date()


def units(micros: int) -> Decimal:
    """Micro-units as an exact amount."""
    return Decimal(micros).scaleb(-6)


@dataclass
class Row:
    """One raw row and what became of it.

    Attributes:
        raw: the values as text.
        key: the row's key.
        at: the event's moment.
        ingested: the row's arrival.
        reasons: rules that it breaks.
        outcome: accepted, duplicate or quarantined.
        micros: a money row's amount in the reporting currency.
        impression: the impression that a child goes back to.
        role: of a click: valid, repeated or invalid.
    """

    raw: Raw
    key: str | None
    at: datetime | None
    ingested: datetime | None
    reasons: list[str] = field(default_factory=list)
    outcome: str = "accepted"
    micros: int | None = None
    impression: "Row | None" = None
    request: "Row | None" = None
    role: str = ""

    @property
    def day(self) -> date | None:
        """Reporting day of the event."""
        return day_of(self.at)

    @property
    def filed_on(self) -> date | None:
        """Day under which the row is counted whatever became of it."""
        return day_of(self.at) or day_of(self.ingested)

    def text(self, column: str) -> str | None:
        """A value as text."""
        return self.raw[column]

    def count(self, column: str) -> int:
        """A value that an accepted row has as an integer."""
        value = whole(self.raw[column])
        assert value is not None, (column, self.raw)
        return value
