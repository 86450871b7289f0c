"""What a question about revenue under other factors is answered with."""

from datetime import date
from decimal import Decimal

from pydantic import BaseModel

ASSUMPTION = (
    "No interaction: each factor that is not changed stays as it was, and the changed ones change "
    "alike on every day and in every part of a slice."
)
CAVEAT = (
    "An association over past days, not a cause: what moved both factors, demand above all, is in "
    "it. Only a test in which the factor is moved on purpose says what would follow."
)


class Contribution(BaseModel):
    """What one changed factor adds to revenue.

    Attributes:
        factor: its name.
        change: as a share: 0.05 is five percent more.
        base: its value over the period; None where it has none, or several slices have their own.
        changed: that value after the change.
        contribution: its part of the change of revenue. The parts of a slice add up to its change.
    """

    factor: str
    change: Decimal
    base: float | None
    changed: float | None
    contribution: Decimal


class Adjusted(BaseModel):
    """Revenue where the other factors move, too, as they moved with the changed ones before.

    Attributes:
        revenue: the middle figure.
        low: lower bound of the interval of 95 percent.
        high: upper bound of it.
    """

    revenue: Decimal
    low: Decimal
    high: Decimal


class Outlook(BaseModel):
    """One slice, or all of them together, before and after.

    Attributes:
        slice: a value of the dimension, or (all).
        revenue: what it was over the period.
        revenue_changed: what it would have been.
        change: the second less the first.
        change_share: the change as a share of revenue; None where that is 0.
        contributions: of each changed factor, in the order in which they were given.
        adjusted: beside it; None where no association is firm enough.
        reason: why the identity says nothing of the slice, whose revenue stays; None where it does.
    """

    slice: str
    revenue: Decimal
    revenue_changed: Decimal
    change: Decimal
    change_share: float | None
    contributions: list[Contribution]
    adjusted: Adjusted | None
    reason: str | None


class Association(BaseModel):
    """How a factor that is left alone moved with a changed one over the published history.

    Attributes:
        slice: where.
        driver: the changed factor.
        response: the one that is left alone.
        elasticity: percent of the response for each percent of the driver; None where unknown.
        low: lower bound of the interval of 95 percent.
        high: upper bound of it.
        days: that it rests on.
        r_squared: share of the response's moves that it explains.
        is_used: in the adjusted figures.
        reason: why it is not; None where it is.
    """

    slice: str
    driver: str
    response: str
    elasticity: float | None
    low: float | None
    high: float | None
    days: int
    r_squared: float | None
    is_used: bool
    reason: str | None


class Answer(BaseModel):
    """Revenue under changed factors.

    Attributes:
        sentence: the answer in words.
        publication: whose marts it was asked of.
        identity: by which revenue is taken apart.
        first_day: of the period.
        last_day: of the period.
        currency: of every amount.
        changes: of each factor, as a share.
        assumption: on which every figure but the adjusted ones rests.
        caveat: under which the adjusted ones stand.
        total: the slices added up.
        slices: each, the largest first.
        associations: between the changed factors and the others.
        notes: what the reader ought to know of the data.
    """

    sentence: str
    publication: str
    identity: str
    first_day: date
    last_day: date
    currency: str
    changes: dict[str, Decimal]
    assumption: str = ASSUMPTION
    caveat: str = CAVEAT
    total: Outlook
    slices: list[Outlook]
    associations: list[Association]
    notes: list[str] = []
