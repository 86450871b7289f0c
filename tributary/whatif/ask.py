"""Ask the published marts, by the project's own macros, what revenue would be."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_FLOOR, Decimal
from itertools import groupby
from pathlib import Path
from typing import Any

import duckdb

from tributary.audit.sql import quoted
from tributary.publish.publication import Publication
from tributary.publish.reading import MARTS, QuestionError, days_of, has_mart, opened, values
from tributary.rendering import MacroError, Renderer
from tributary.whatif.answer import Adjusted, Answer, Association, Contribution, Outlook
from tributary.whatif.changes import in_percent

ALL = "(all)"
USUAL_DAYS = 28
"""Four whole weeks: each weekday counts alike."""
_ELASTICITIES = "factor_elasticities"
_ALLOWANCE = 1e-12

Row = dict[str, Any]


@dataclass(frozen=True)
class Question:
    """What is asked.

    Attributes:
        changes: of each factor, as a share.
        identity: by which revenue is taken apart.
        surface: the one that it is about; None: all.
        by: the dimension whose values are answered one by one; None: the whole.
        first_day: of the period; None: four weeks before the last.
        last_day: of the period; None: the last that is published.
    """

    changes: dict[str, Decimal]
    identity: str = "five_factor"
    surface: str | None = None
    by: str | None = None
    first_day: date | None = None
    last_day: date | None = None


@dataclass(frozen=True)
class _Rows:
    """Which rows of the marts are the slices."""

    relation: str
    slice: str
    condition: str
    dimension: str


def ask(project: Path, warehouse: Path, question: Question) -> Answer:
    """Revenue under changed factors, over the marts that readers see.

    Raises:
        QuestionError: nothing is published, nothing is there of what is asked about, or a change
            is impossible.
    """
    renderer = Renderer.of_project(project)
    multipliers = {name: str(1 + change) for name, change in question.changes.items()}
    with opened(warehouse) as (publication, marts):
        first_day, last_day = _period(publication, question)
        # Before anything is read: what it refuses needs no rows.
        _rendered(
            renderer, "check_whatif", multipliers, question.identity, str(first_day), str(last_day)
        )
        rows = _rows_of(marts, question)
        has_elasticities = has_mart(marts, _ELASTICITIES)
        elasticities = f"{MARTS}.{_ELASTICITIES}" if has_elasticities else None

        def outcome(of: _Rows) -> list[Row]:
            sql = _rendered(
                renderer,
                "whatif",
                multipliers,
                question.identity,
                of.relation,
                of.slice,
                of.condition,
                str(first_day),
                str(last_day),
                quoted(of.dimension),
                elasticities,
            )
            return _read(marts, sql)

        found = outcome(rows)
        if not found:
            raise QuestionError(_nothing_there(publication, first_day, last_day))
        _refuse_impossible(found, question)
        if rows.dimension == ALL:
            # The changed factors change alike in every part: in each surface there must be room.
            _refuse_impossible(outcome(_surfaces()), question)
        notes = _missing(marts, first_day, last_day)
        slices = _outlooks(found, question.changes)
        associations: list[Association] = []
        if elasticities:
            sql = _rendered(
                renderer,
                "whatif_associations",
                multipliers,
                question.identity,
                elasticities,
                quoted(rows.dimension),
                ", ".join(quoted(one.slice) for one in slices),
            )
            associations = [Association.model_validate(_named(row)) for row in _read(marts, sql)]
    total = slices[0] if len(slices) == 1 else _total(slices)
    manifest = publication.manifest
    return Answer(
        sentence=_sentence(question, total, first_day, last_day, manifest.currency),
        publication=manifest.run_id,
        identity=question.identity,
        first_day=first_day,
        last_day=last_day,
        currency=manifest.currency,
        changes=question.changes,
        total=total,
        slices=slices,
        associations=associations,
        notes=notes,
    )


def _period(publication: Publication, question: Question) -> tuple[date, date]:
    earliest, latest = days_of(publication)
    last_day = question.last_day or latest
    usual = max(last_day - timedelta(USUAL_DAYS - 1), earliest)
    first_day = question.first_day or usual
    if first_day > last_day:
        raise QuestionError(
            f"The period from {first_day} to {last_day} ends before it begins. Write --from with "
            "a day no later than --to."
        )
    if first_day > latest or last_day < earliest:
        raise QuestionError(_nothing_there(publication, first_day, last_day))
    return first_day, last_day


def _nothing_there(publication: Publication, first_day: date, last_day: date) -> str:
    manifest = publication.manifest
    return (
        f"Nothing is published from {first_day} to {last_day}. Write --from and --to with days "
        f"from {manifest.first_day} to {manifest.last_day}."
    )


def _rows_of(marts: duckdb.DuckDBPyConnection, question: Question) -> _Rows:
    by, surface = question.by, question.surface
    if by is not None:
        dimensions = values(marts, "dimension", "revenue_daily_by_segment", "true")
        if by not in dimensions:
            raise QuestionError(
                f"The marts show no dimension {by}. Write --by with one of {', '.join(dimensions)}."
            )
        if surface is not None and by != "surface":
            raise QuestionError(
                f"The marts show one dimension at a time, and not {by} within {surface}. Write "
                "--surface without --by, or --by without --surface."
            )
    if surface is not None:
        surfaces = values(marts, "surface", "revenue_daily", f"surface <> {quoted(ALL)}")
        if surface not in surfaces:
            raise QuestionError(
                f"No surface {surface} is published. Write --surface with one of "
                f"{', '.join(surfaces)}."
            )
        return _Rows(f"{MARTS}.revenue_daily", "surface", f"surface = {quoted(surface)}", "surface")
    if by is not None:
        segments = f"{MARTS}.revenue_daily_by_segment"
        return _Rows(segments, "dimension_value", f"dimension = {quoted(by)}", by)
    return _Rows(f"{MARTS}.revenue_daily", "surface", f"surface = {quoted(ALL)}", ALL)


def _surfaces() -> _Rows:
    """Each surface by itself."""
    return _Rows(f"{MARTS}.revenue_daily", "surface", f"surface <> {quoted(ALL)}", "surface")


def _missing(marts: duckdb.DuckDBPyConnection, first_day: date, last_day: date) -> list[str]:
    """What is to be said of days of the period that are not published."""
    row = marts.execute(
        f"select count(distinct requested_on) from {MARTS}.revenue_daily"
        " where requested_on between ? and ?",
        [first_day, last_day],
    ).fetchone()
    days, there = (last_day - first_day).days + 1, row[0] if row else 0
    if there == days:
        return []
    return [f"{there} of the {days} days from {first_day} to {last_day} are published."]


def _rendered(renderer: Renderer, macro: str, *arguments: object) -> str:
    try:
        return str(renderer.call(macro, *arguments))
    except MacroError as refused:
        raise QuestionError(str(refused)) from refused


def _read(marts: duckdb.DuckDBPyConnection, sql: str) -> list[Row]:
    cursor = marts.execute(sql)
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]


def _named(row: Row) -> Row:
    renamed = {"elasticity_low": "low", "elasticity_high": "high", "n": "days"}
    return {renamed.get(name, name): value for name, value in row.items()}


def _refuse_impossible(rows: list[Row], question: Question) -> None:
    """A share above 1 and less than one ad on a page that has ads are no plans."""
    refused = []
    for row in rows:
        base, changed = row["factor_base"], row["factor_changed"]
        if base is None or base == 0:
            continue
        most, least = row["at_most"], row["at_least"]
        if most is not None and changed > most * (1 + _ALLOWANCE):
            refused.append((abs(most / base - 1), most, "most", row))
        elif least is not None and changed < least * (1 - _ALLOWANCE):
            refused.append((abs(least / base - 1), least, "least", row))
    if not refused:
        return
    # The one that has the least room: what fits there fits everywhere.
    _, bound, word, row = min(refused, key=lambda one: one[0])
    factor, base = row["factor"], row["factor_base"]
    is_one = question.surface is not None
    elsewhere = "" if is_one else " Or ask of one slice that has room: --surface."
    room = _greatest(bound / base - 1)
    fits = f"Write --set {factor}={room} or nearer to 0." if abs(bound / base - 1) > 1e-4 else ""
    advice = f"{fits or 'It is there already.'}{elsewhere}"
    raise QuestionError(
        f"{factor} of {row['slice']} is {base:.4f}: {in_percent(question.changes[factor])} would "
        f"make it {row['factor_changed']:.4f}, and by definition it is at {word} {bound:g}. "
        f"{advice}"
    )


def _greatest(room: float) -> str:
    """The farthest change that fits, in hundredths of a percent towards 0."""
    hundredths = (Decimal(str(abs(room))) * 10_000).to_integral_value(ROUND_FLOOR)
    return in_percent((hundredths if room >= 0 else -hundredths) / 10_000)


def _outlooks(rows: list[Row], changes: dict[str, Decimal]) -> list[Outlook]:
    return [
        _outlook(name, list(of_slice), changes)
        for name, of_slice in groupby(rows, key=lambda row: str(row["slice"]))
    ]


def _outlook(name: str, rows: list[Row], changes: dict[str, Decimal]) -> Outlook:
    first = rows[0]
    base, changed = first["revenue_base"], first["revenue_changed"]
    adjusted = None
    if first["revenue_adjusted"] is not None:
        adjusted = Adjusted(
            revenue=first["revenue_adjusted"],
            low=first["revenue_adjusted_low"],
            high=first["revenue_adjusted_high"],
        )
    return Outlook(
        slice=name,
        revenue=base,
        revenue_changed=changed,
        change=changed - base,
        change_share=_share(changed - base, base),
        contributions=[
            Contribution(
                factor=row["factor"],
                change=changes[row["factor"]],
                base=row["factor_base"],
                changed=row["factor_changed"],
                contribution=row["contribution"],
            )
            for row in rows
        ],
        adjusted=adjusted,
        reason=first["reason"],
    )


def _share(change: Decimal, base: Decimal) -> float | None:
    return float(change / base) if base else None


def _total(slices: list[Outlook]) -> Outlook:
    """Sums of the slices; their intervals add up as if all erred the same way."""
    revenue = sum((one.revenue for one in slices), Decimal(0))
    changed = sum((one.revenue_changed for one in slices), Decimal(0))
    contributions = [
        Contribution(
            factor=of_factor[0].factor,
            change=of_factor[0].change,
            base=None,
            changed=None,
            contribution=sum((one.contribution for one in of_factor), Decimal(0)),
        )
        for of_factor in zip(*(one.contributions for one in slices), strict=True)
    ]
    adjusted = None
    if any(one.adjusted for one in slices):
        parts = [one.adjusted or _unadjusted(one) for one in slices]
        adjusted = Adjusted(
            revenue=sum((part.revenue for part in parts), Decimal(0)),
            low=sum((part.low for part in parts), Decimal(0)),
            high=sum((part.high for part in parts), Decimal(0)),
        )
    reasons = sum(1 for one in slices if one.reason)
    return Outlook(
        slice=ALL,
        revenue=revenue,
        revenue_changed=changed,
        change=changed - revenue,
        change_share=_share(changed - revenue, revenue),
        contributions=contributions,
        adjusted=adjusted,
        reason=f"{reasons} of {len(slices)} slices stay as they were" if reasons else None,
    )


def _unadjusted(one: Outlook) -> Adjusted:
    return Adjusted(revenue=one.revenue_changed, low=one.revenue_changed, high=one.revenue_changed)


def _sentence(
    question: Question, total: Outlook, first_day: date, last_day: date, currency: str
) -> str:
    changed = " and ".join(
        f"{name} {in_percent(change)}" for name, change in question.changes.items()
    )
    where = f" of {question.surface}" if question.surface else ""
    share = "" if total.change_share is None else f" ({total.change_share:+.2%})"
    return (
        f"With {changed}, revenue{where} from {first_day} to {last_day} would have been "
        f"{total.revenue_changed:,.2f} {currency} instead of {total.revenue:,.2f}: "
        f"{total.change:+,.2f}{share}, all else as it was."
    )
