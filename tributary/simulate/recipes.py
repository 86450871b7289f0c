"""How a bad row is described: where it starts from, what is done to it, which reasons it earns."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tributary.simulate.arrays import NULL_CODE, BoolArray, IntArray, truths
from tributary.simulate.daylog import DayLog
from tributary.simulate.money import RATE_SCALE
from tributary.simulate.schema import (
    ADJUSTMENT,
    ON_IMPRESSION,
    Frame,
    IdSpace,
    rows_in,
    take,
)
from tributary.simulate.settings import SECONDS_PER_DAY
from tributary.simulate.world import World


@dataclass(frozen=True)
class Scene:
    """What a recipe can see: the world and the day that it damages."""

    world: World
    ids: IdSpace
    log: DayLog

    def day_of(self, time: IntArray) -> IntArray:
        """Day indexes of UTC seconds, by the reporting zone."""
        return (time - self.world.settings.midnight_utc(0)) // SECONDS_PER_DAY


Candidates = Callable[[Scene], BoolArray]
Change = Callable[[Scene, Frame, IntArray], None]
Build = Callable[[Scene, IntArray], Frame]


@dataclass(frozen=True)
class Recipe:
    """One kind of bad row: which rows of `source` it starts from, and how it makes the bad ones.

    The bad row is a copy under a new key, unless `keeps_key`: then it is a damaged delivery of a
    good row.
    `garbled` names a column whose text cannot be read; only CSV can carry such a row.
    """

    name: str
    table: str
    source: str
    reasons: tuple[str, ...]
    candidates: Candidates
    build: Build
    minimum: int
    rate: float
    keeps_key: bool = False
    garbled: str = ""
    any_day: bool = False


RATE = 5e-5
_SMALL = 2_000_000


def _minimum(table: str) -> int:
    return 1 if table == "actions" else 2


def copies(
    table: str,
    reasons: tuple[str, ...],
    change: Change,
    *,
    candidates: Candidates | None = None,
    minimum: int | None = None,
    rate: float = RATE,
    keeps_key: bool = False,
    garbled: str = "",
    any_day: bool = False,
    name: str = "",
) -> Recipe:
    """A recipe that copies rows of the table and changes the copies."""

    def build(scene: Scene, rows: IntArray) -> Frame:
        frame = take(scene.log.frames[table], rows)
        change(scene, frame, rows)
        return frame

    return Recipe(
        name=name or f"{table}: {' + '.join(reasons)}",
        table=table,
        source=table,
        reasons=reasons,
        candidates=candidates or every(table),
        build=build,
        minimum=_minimum(table) if minimum is None else minimum,
        rate=rate,
        keeps_key=keeps_key,
        garbled=garbled,
        any_day=any_day,
    )


def every(table: str) -> Candidates:
    """Any row; of the ledger, any line on an impression.

    Such lines are small: finance never bills a malformed line, and what it leaves out must not
    hide the
    errors that are planted in the invoices.
    """

    def candidates(scene: Scene) -> BoolArray:
        if table == "charges":
            return truths(scene.log.charges.kind == ON_IMPRESSION)
        return np.ones(rows_in(scene.log.frames[table]), dtype=np.bool_)

    return candidates


def commercial_ones(scene: Scene) -> BoolArray:
    """Impressions that are paid for."""
    return scene.log.impressions.commercial


def refunds(scene: Scene) -> BoolArray:
    """Ledger lines that take money back."""
    return truths(scene.log.charges.kind == ADJUSTMENT)


def small_refunds(scene: Scene) -> BoolArray:
    """Refunds small enough to break without hiding the planted errors."""
    charges = scene.log.charges
    value = charges.amount * (scene.world.rates[charges.currency, 0] / RATE_SCALE)
    return truths((charges.kind == ADJUSTMENT) & (value > -_SMALL))


def traced(scene: Scene) -> BoolArray:
    """Conversions that name a click."""
    return truths(scene.log.actions.click != NULL_CODE)


def lines_on(kind: int) -> Candidates:
    """Ledger lines on one kind of event."""
    return lambda scene: scene.log.charges.kind == kind


def put(**values: float) -> Change:
    """Sets columns to one value each."""

    def change(scene: Scene, frame: Frame, rows: IntArray) -> None:
        for column, value in values.items():
            frame[column] = np.full_like(frame[column], value)

    return change
