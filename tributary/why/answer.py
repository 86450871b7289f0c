"""The answer: what each factor, in each slice, made of the change."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb
from pydantic import BaseModel

from tributary.publish.reading import MARTS, has_mart
from tributary.rendering import Renderer
from tributary.why.identity import Identity
from tributary.why.sources import CHOSEN, WHOLE, Days

_KEYS = ["dimension", "slice"]
_EFFECTS = ("volume", "rate", "mix", "unattributed")


class Factor(BaseModel):
    """What one factor made of the change.

    Attributes:
        factor: its name; (unattributed) for what no factor explains.
        effect: volume, mix, rate or unattributed.
        before: its value before; None where it had none.
        now: its value now.
        contribution: its part in the change of the result, in the result's unit.
        multiplier: what it multiplied the result by (now over before, for a factor that divides the
            other way round): all of them together make now over before. None but under lmdi.
        method: lmdi, limit (the result is 0 in one period) or shapley (a sign changed).
    """

    factor: str
    effect: str
    before: float | None
    now: float | None
    contribution: Decimal
    multiplier: float | None
    method: str


class Slice(BaseModel):
    """One value of the dimension that was asked for.

    Attributes:
        value: the value itself.
        status: continuing, new, vanished, lit_up or went_dark.
        before: the result in it before; None where a ratio has no denominator.
        now: the result in it now.
        change: what these differ by.
        factors: what made the change.
    """

    value: str
    status: str
    before: Decimal
    now: Decimal
    change: Decimal
    factors: list[Factor]


class Movement(BaseModel):
    """How a ratio of the whole moved, over the slices.

    Attributes:
        metric: the ratio, or the leading quantity.
        rate: what the slices' own ratios made of it, in revenue where that is the result.
        mix: what their weights made of it.
        volume: what the leading quantity made, for that alone.
        unattributed: what had no denominator.
        unit: revenue, or the ratio's own where it is not told in revenue.
    """

    metric: str
    rate: float | None = None
    mix: float | None = None
    volume: float | None = None
    unattributed: float | None = None
    unit: str


class Cause(BaseModel):
    """A slice that stood out on a day of the period, in the factor of revenue that shows it most.

    Attributes:
        day: the reporting day.
        metric: the factor.
        cause: the slice: dimension:value, several joined by semicolons.
        expected: the factor that was expected of the slice.
        actual: the factor of the slice.
        score: the evidence, as in root_causes.
    """

    day: date
    metric: str
    cause: str
    expected: float | None
    actual: float | None
    score: float


class Answer(BaseModel):
    """Why a result moved.

    Attributes:
        identity: its name.
        formula: result = factors.
        result: what is explained.
        unit: the currency, or nothing.
        before_period: the period, or the file, that it is held against.
        now_period: the period, or the file.
        before: the result before.
        now: the result now.
        change: what they differ by: the contributions add up to it exactly.
        sentence: the answer in words.
        factors: of the whole.
        by: the dimension of the slices.
        slices: the greatest change first; where the result is additive they add up to the change.
        movements: of each ratio of the identity over these slices.
        causes: slices that left what their own earlier weeks let expect, on the days of either
            period; of revenue, from the published marts.
        notes: what the reader ought to know of the data.
    """

    identity: str
    formula: str
    result: str
    unit: str
    before_period: str
    now_period: str
    before: Decimal
    now: Decimal
    change: Decimal
    sentence: str = ""
    factors: list[Factor]
    by: str | None
    slices: list[Slice]
    movements: list[Movement]
    causes: list[Cause]
    notes: list[str]


def make_pairs(
    connection: duckdb.DuckDBPyConnection, renderer: Renderer, identity: Identity
) -> None:
    """Set both periods of what was chosen side by side, in a relation `pairs`."""
    names = list(identity.quantities)
    sql = renderer.call("two_periods", CHOSEN, names, "not is_now", "is_now", _KEYS)
    connection.execute(f"create temp table sums as {sql}")
    lead = renderer.call("leading_factor", identity.declared)
    whole = (
        f", max({lead}_base) filter (where dimension = '{WHOLE}') over () as {lead}_whole_base"
        f", max({lead}_now) filter (where dimension = '{WHOLE}') over () as {lead}_whole_now"
        if lead
        else ""
    )
    connection.execute(f"create temp table pairs as select *{whole} from sums")


def contributions(
    connection: duckdb.DuckDBPyConnection, renderer: Renderer, identity: Identity
) -> list[tuple[Any, ...]]:
    """Every row of the identity's contributions."""
    sql = renderer.call("factor_contributions", "asked", identity.declared, "pairs", _KEYS)
    places = 12 if identity.is_ratio else 6
    exact = f"decimal(38, {places})"
    return connection.execute(
        f"""
        select
            dimension, slice, factor, effect, factor_base, factor_now,
            cast(contribution as {exact}), multiplier, method, slice_status,
            cast(result_base as {exact}), cast(result_now as {exact})
        from ({sql})
        order by
            dimension, abs(result_now - result_base) desc, slice, position
        """
    ).fetchall()


def slices_of(rows: Sequence[tuple[Any, ...]], dimension: str) -> list[Slice]:
    """The slices of a dimension, from the rows of its contributions."""
    found: dict[str, Slice] = {}
    for told, value, factor, effect, base, now, part, times, method, status, before, after in rows:
        if told != dimension:
            continue
        if dimension == WHOLE and effect == "mix":
            # Of the whole there is no share but all of it.
            continue
        one = found.setdefault(
            value,
            Slice(
                value=value,
                status=status,
                before=before,
                now=after,
                change=after - before,
                factors=[],
            ),
        )
        one.factors.append(
            Factor(
                factor=factor,
                effect=effect,
                before=base,
                now=now,
                contribution=part,
                multiplier=times,
                method=method,
            )
        )
    return list(found.values())


def movements_of(
    connection: duckdb.DuckDBPyConnection, renderer: Renderer, identity: Identity, by: str
) -> list[Movement]:
    """How each ratio of the identity moved over the slices of a dimension, where that adds up."""
    if identity.distinct:
        return []
    in_revenue = identity.result == "revenue"
    lead = renderer.call("leading_factor", identity.declared) if in_revenue else None
    summable = [*renderer.call("metrics_of_components"), *([lead] if lead else [])]
    moving = [factor["factor"] for factor in renderer.call("moving_factors", identity.declared)]
    asked = [name for name in dict.fromkeys(moving) if name in summable]
    if not asked:
        return []
    no_revenue = "" if "revenue" in identity.quantities else ", 0 as revenue_base, 0 as revenue_now"
    connection.execute(f"create temp view moving as select *{no_revenue} from pairs")
    value = "revenue_movement" if in_revenue else "movement"
    making = renderer.call("factors_of_revenue", [identity.declared]) if in_revenue else None
    sql = renderer.call("movements_of", asked, "moving", _KEYS, ["dimension"], making)
    told = {
        metric: Movement(metric=metric, unit="revenue" if in_revenue else metric)
        for metric in asked
    }
    for metric, effect, moved in connection.execute(
        f"select metric, effect, sum({value}) from ({sql}) where dimension = ? group by all", [by]
    ).fetchall():
        if moved is not None:
            setattr(told[metric], effect, moved)
    # A factor that divides, and revenue that is 0 in a period or changes its sign, have no part.
    return [one for one in told.values() if one.model_fields_set & set(_EFFECTS)]


def causes_of(
    marts: duckdb.DuckDBPyConnection, identity: Identity, base: Days, now: Days
) -> list[Cause]:
    """The slices that the published marts name for the days compared, the surest of a day first.

    Of both periods: where the base was the unusual one, that is the reason.

    None where the identity is not of revenue, and where a publication of earlier code has no such
    mart.
    """
    if identity.result != "revenue" or not has_mart(marts, "root_causes"):
        return []
    rows = marts.execute(
        f"""
        select requested_on, metric, cause, expected, actual, score
        from {MARTS}.root_causes
        where
            method = 'slice' and factor_rank = 1
            and (requested_on between ? and ? or requested_on between ? and ?)
        order by requested_on, cause_rank
        """,
        [base.first, base.last, now.first, now.last],
    ).fetchall()
    return [Cause(**dict(zip(Cause.model_fields, row, strict=True))) for row in rows]
