"""One rule of the audit, ready to be run."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

SCHEMA = "main"
"""Where a published file has the marts."""
WHOLE = "(all)"
"""The mart of an outcome that is about the candidate as a whole, and the total of a dimension."""


@dataclass(frozen=True)
class Part:
    """What a rule asks of one mart.

    Attributes:
        mart: the mart that it is reported under.
        sql: a query of (mart, row_key, finding), one row for each offending row.
        reads: the marts that it reads; where the contract of one is broken it is not asked.
    """

    mart: str
    sql: str
    reads: tuple[str, ...]


@dataclass(frozen=True)
class Native:
    """What a rule asks of one mart by an expectation of Great Expectations' own.

    Attributes:
        mart: the mart.
        expectation: class of the expectation.
        arguments: its arguments.
        says: what it asks, in words.
    """

    mart: str
    expectation: str
    arguments: Mapping[str, Any]
    says: str = ""


@dataclass(frozen=True)
class Check:
    """A rule of the audit.

    Attributes:
        rule: its id.
        family: its kind.
        says: what must hold, in words.
        parts: what it asks in SQL, all of it in one expectation.
        natives: what it asks by native expectations.
        covers: marts that a part of the whole reports under; none: those of the parts.
        note: a query of one text, what to add where the rule holds, and of whether there was enough
            to judge by; None: nothing is to be added.
    """

    rule: str
    family: str
    says: str
    parts: tuple[Part, ...] = ()
    natives: tuple[Native, ...] = ()
    covers: tuple[str, ...] = ()
    note: str | None = None

    @property
    def marts(self) -> tuple[str, ...]:
        """The marts that it is reported under."""
        found = [part.mart for part in self.parts] + [native.mart for native in self.natives]
        return self.covers or tuple(dict.fromkeys(found))


def table(mart: str) -> str:
    """A mart's relation in the candidate."""
    return f"{SCHEMA}.{mart}"
