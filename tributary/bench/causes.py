"""Whether planted causes are found: the marts of a history held against what was planted in it."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import duckdb

SIZES = ((0.0, 0.1, "below 10 %"), (0.1, 0.15, "10 to 15 %"), (0.15, 9.0, "15 % and more"))

_FOUND = """
select requested_on, metric, cause
from marts.root_causes
where method = 'slice' and factor_rank = 1
order by requested_on, cause_rank
"""

# What a slice brings in on a usual day, as a share of all.
_SHARE = """
select
    sum(revenue_micros) filter (where {condition}) / sum(revenue_micros) as share
from facts.agg_funnel_daily
where requested_on < $first
"""

_ALARMS = """
select
    count(*) as tests,
    count(*) filter (where is_alarm) as alarms,
    count(distinct (requested_on, dimension, dimension_value)) as slice_days,
    count(distinct (requested_on, dimension, dimension_value)) filter (where is_alarm)
        as slice_days_with_one,
    count(distinct requested_on) as days
from marts.metric_anomalies
where p_value is not null
"""


@dataclass(frozen=True)
class Cause:
    """A cause that was planted, and what became of it.

    Attributes:
        day: the reporting day.
        factor: the factor of revenue that was changed.
        where: the slice, in words.
        dimensions: how many dimensions the slice names.
        size: the change of the factor that was reached.
        impact: about what share of the day's revenue it made.
        found: (factor, slice) that the marts name for the day, the surest first.
    """

    day: str
    factor: str
    where: str
    dimensions: int
    size: float
    impact: float
    found: tuple[tuple[str, str], ...]

    @property
    def is_found(self) -> bool:
        """The very slice and factor are among those named."""
        return (self.factor, self.where) in self.found

    @property
    def wrong(self) -> int:
        """How many others are named."""
        return len(self.found) - self.is_found


@dataclass(frozen=True)
class Score:
    """How well some planted causes were found."""

    planted: int
    found: int
    wrong: int

    @property
    def precision(self) -> float | None:
        """Share of what was named that was planted."""
        named = self.found + self.wrong
        return self.found / named if named else None

    @property
    def recall(self) -> float | None:
        """Share of what was planted that was named."""
        return self.found / self.planted if self.planted else None

    @property
    def f1(self) -> float | None:
        """The harmonic mean of both."""
        everything = self.planted + self.found + self.wrong
        return 2 * self.found / everything if everything else None

    def as_record(self) -> dict[str, Any]:
        """The figures, for a file."""
        return {
            **asdict(self),
            "precision": self.precision,
            "recall": self.recall,
            "f1": self.f1,
        }


def score(causes: Iterable[Cause]) -> Score:
    """The causes together."""
    listed = list(causes)
    return Score(len(listed), sum(c.is_found for c in listed), sum(c.wrong for c in listed))


def planted_causes(database: Path, truth: Path) -> list[Cause]:
    """What was planted in a history, each with what the marts name for its day."""
    plants = json.loads(truth.read_text("utf-8")).get("plants", [])
    first = min(plant["day"] for plant in plants)
    causes = []
    with duckdb.connect(str(database), read_only=True) as connection:
        found: dict[str, list[tuple[str, str]]] = {}
        for day, metric, cause in connection.sql(_FOUND).fetchall():
            found.setdefault(str(day), []).append((metric, cause))
        for plant in plants:
            condition = " and ".join(
                f"{name} = '{value}'" for name, value in plant["where"].items()
            )
            row = connection.execute(
                _SHARE.format(condition=condition), {"first": first}
            ).fetchone()
            share = float(row[0]) if row and row[0] is not None else 0.0
            causes.append(
                Cause(
                    day=plant["day"],
                    factor=plant["factor"],
                    where="; ".join(f"{name}:{value}" for name, value in plant["where"].items()),
                    dimensions=len(plant["where"]),
                    size=plant["reached"],
                    impact=abs(plant["reached"]) * share,
                    found=tuple(found.get(plant["day"], ())),
                )
            )
    return causes


def days_with_a_false_cause(database: Path, planted: set[str]) -> tuple[int, int]:
    """Of the judged days without a plant: on how many a cause is named, and how many there are."""
    with duckdb.connect(str(database), read_only=True) as connection:
        named = {str(row[0]) for row in connection.sql(_FOUND).fetchall()}
        days = {
            str(row[0])
            for row in connection.sql(
                "select distinct requested_on from marts.metric_anomalies where p_value is not null"
            ).fetchall()
        }
    return len((named & days) - planted), len(days - planted)


def false_alarms(database: Path) -> dict[str, Any]:
    """Alarms in a history in which nothing was planted."""
    with duckdb.connect(str(database), read_only=True) as connection:
        rows = connection.sql(_ALARMS)
        counts = dict(zip(rows.columns, rows.fetchall()[0], strict=True))
    return {
        **counts,
        "slice_days_per_1000": 1000 * counts["slice_days_with_one"] / max(1, counts["slice_days"]),
        "alarms_per_1000_tests": 1000 * counts["alarms"] / max(1, counts["tests"]),
    }


def by_size(causes: list[Cause]) -> list[dict[str, Any]]:
    """Scores by the number of dimensions and by the share of revenue."""
    found = []
    for dimensions in sorted({cause.dimensions for cause in causes}):
        mine = [cause for cause in causes if cause.dimensions == dimensions]
        for least, most, name in (*SIZES, (0.1, 9.0, "10 % and more")):
            some = [cause for cause in mine if least <= cause.impact < most]
            found.append({"dimensions": dimensions, "size": name, **score(some).as_record()})
    return found
