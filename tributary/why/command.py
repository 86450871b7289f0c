"""The command `tributary why`."""

from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import duckdb
import typer
from rich.console import Console

from tributary.publish.reading import QuestionError, days_of, opened
from tributary.rendering import MacroError, Renderer
from tributary.settings import Settings, SettingsError, find_project, without_events
from tributary.why.answer import (
    Answer,
    causes_of,
    contributions,
    make_pairs,
    movements_of,
    slices_of,
)
from tributary.why.identity import Identity, identity_of, richest
from tributary.why.soundness import notes_on, refuse_what_does_not_hold
from tributary.why.sources import (
    WHOLE,
    Days,
    choose_days,
    choose_files,
    columns_of,
    days_missing,
)
from tributary.why.words import print_answer, sentence_of
from tributary.words import WarehouseOption, refuse

_DEFAULT = "five_factor"
_DATE = ["%Y-%m-%d"]

DayOption = datetime | None


def why(
    first: Annotated[
        DayOption, typer.Option("--from", formats=_DATE, help="First day; default: the newest.")
    ] = None,
    last: Annotated[
        DayOption, typer.Option("--to", formats=_DATE, help="Last day of it; default: --from.")
    ] = None,
    base_first: Annotated[
        DayOption,
        typer.Option(
            "--base-from",
            formats=_DATE,
            help="First day of what it is held against; default: the same weekdays, as few whole "
            "weeks before as do not overlap.",
        ),
    ] = None,
    base_last: Annotated[
        DayOption,
        typer.Option(
            "--base-to", formats=_DATE, help="Last day of it; default: as long as the period."
        ),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option("--by", help="Dimension (in files: column) whose values are told apart."),
    ] = None,
    identity: Annotated[
        str | None,
        typer.Option(
            "--identity",
            help="A declared identity, or one of your own: 'revenue = ad_clicks * acp'. "
            "Default: five_factor; for files the richest that their columns allow.",
        ),
    ] = None,
    before: Annotated[
        Path | None,
        typer.Option("--before", help="File of additive components: CSV, JSON or Parquet."),
    ] = None,
    after: Annotated[Path | None, typer.Option("--after", help="The same, of the period.")] = None,
    top: Annotated[int, typer.Option("--top", min=1, help="Values of --by that are shown.")] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="The whole answer as JSON.")] = False,
    warehouse: WarehouseOption = None,
) -> None:
    """Say why revenue, or another result, moved between two periods.

    Which factor of an identity moved it, in which slice, by how much: exact to the micro-unit, from
    the published marts, or from two files of additive components (columns named as the marts'),
    with no warehouse at all.

    It is accounting, not causation: a factor that rose and lowered another shows as two rows.
    """
    console = Console()
    days = tuple(one.date() if one else None for one in (first, last, base_first, base_last))
    try:
        if before and after and not any(days):
            answer = _of_files(before, after, by, identity)
        elif before or after:
            raise QuestionError(
                "Two files are compared by --before FILE and --after FILE together, and without "
                "days."
            )
        else:
            answer = _of_days(without_events(warehouse), days, by, identity)
    except (QuestionError, SettingsError, MacroError) as error:
        refuse(console, str(error))
    except OverflowError:
        refuse(console, "A day lies beyond the calendar. Choose days that the marts have.")
    except duckdb.Error as error:
        told = str(error).splitlines()[0]
        refuse(console, f"The figures cannot be reckoned with: {told}")
    if as_json:
        console.print_json(answer.model_dump_json())
    else:
        print_answer(console, answer, top)


def _of_days(
    settings: Settings, days: tuple[date | None, ...], by: str | None, asked: str | None
) -> Answer:
    renderer = Renderer.of_project(settings.project)
    identity = identity_of(renderer, asked or _DEFAULT)
    with opened(settings.warehouse) as (publication, marts):
        _, newest = days_of(publication)
        first, last, base_first, base_last = days
        now = _period(first or last or newest, last or first or newest)
        base = now.weeks_before()
        if base_first:
            base = _period(base_first, base_last or base_first + (now.last - now.first))
        elif base_last:
            base = _period(base_last - (now.last - now.first), base_last)
        if base.overlaps(now):
            raise QuestionError(
                f"{base} and {now} share days, and a day cannot be both before and after. Choose "
                "--base-from and --base-to outside of the period, or leave them out."
            )
        choose_days(marts, identity, base, now, by)
        notes = days_missing(marts, base, now)
        if base.length != now.length:
            notes.append(
                f"{now} has {now.length} days and {base} has {base.length}: part of the change is "
                "that."
            )
        currency = publication.manifest.currency
        answer = _answered(marts, renderer, identity, by, str(base), str(now), currency, notes)
        answer.causes = causes_of(marts, identity, base, now)
        return answer


def _of_files(before: Path, after: Path, by: str | None, asked: str | None) -> Answer:
    renderer = Renderer.of_project(find_project(Path.cwd()))
    with duckdb.connect() as connection:
        there = columns_of(connection, (before, after))
        identity = identity_of(renderer, asked) if asked else richest(renderer, there)
        choose_files(connection, identity, before, after, there, by)
        return _answered(connection, renderer, identity, by, str(before), str(after), "", [])


def _answered(
    connection: duckdb.DuckDBPyConnection,
    renderer: Renderer,
    identity: Identity,
    by: str | None,
    before_period: str,
    now_period: str,
    currency: str,
    notes: list[str],
) -> Answer:
    make_pairs(connection, renderer, identity)
    rows = contributions(connection, renderer, identity)
    whole = next(iter(slices_of(rows, WHOLE)), None)
    if whole is None:
        raise QuestionError(
            f"{identity.result} has no value in {before_period} or in {now_period}: what it is "
            "divided by is 0 there, and nothing can be explained. Ask for one of its parts."
        )
    refuse_what_does_not_hold(renderer, identity, whole, before_period, now_period)
    answer = Answer(
        identity=identity.name,
        formula=identity.formula,
        result=identity.result,
        unit=currency if identity.result in ("revenue", "action_value") else "",
        before_period=before_period,
        now_period=now_period,
        before=whole.before,
        now=whole.now,
        change=whole.change,
        factors=whole.factors,
        by=by,
        slices=slices_of(rows, by) if by else [],
        movements=movements_of(connection, renderer, identity, by) if by else [],
        causes=[],
        notes=[*notes, *notes_on(renderer, whole, before_period, now_period)],
    )
    if by and not answer.movements and not identity.distinct:
        answer.notes.append(
            f"What the slices made of the headline ratios cannot be told in {identity.result}: it "
            "is 0 in a period or changes its sign, or no factor is a ratio over sums."
        )
    answer.sentence = sentence_of(answer)
    return answer


def _period(first: date, last: date) -> Days:
    if last < first:
        raise QuestionError(f"The period ends ({last}) before it begins ({first}).")
    return Days(first, last)
