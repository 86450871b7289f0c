"""The command `tributary whatif`."""

from datetime import datetime
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tributary.publish.reading import QuestionError
from tributary.settings import SettingsError, without_events
from tributary.whatif.answer import Answer, Association, Outlook
from tributary.whatif.ask import Question, ask
from tributary.whatif.changes import ChangeError, in_percent, read_changes
from tributary.words import WarehouseOption, print_whole, refuse


def whatif(
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", help="A factor and its change, as in asn=+5%. Repeatable."),
    ] = None,
    identity: Annotated[
        str, typer.Option("--identity", help="The identity that revenue is taken apart by.")
    ] = "five_factor",
    surface: Annotated[
        str | None, typer.Option("--surface", help="Only this surface; default: all of them.")
    ] = None,
    by: Annotated[
        str | None,
        typer.Option("--by", help="Answer each value of this dimension, and their sum."),
    ] = None,
    first_day: Annotated[
        datetime | None,
        typer.Option("--from", formats=["%Y-%m-%d"], help="Default: four weeks up to --to."),
    ] = None,
    last_day: Annotated[
        datetime | None,
        typer.Option("--to", formats=["%Y-%m-%d"], help="Default: the last day published."),
    ] = None,
    warehouse: WarehouseOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="The same as JSON.")] = False,
) -> None:
    """Say what revenue would have been, had factors of an identity been others.

    Over the published marts, and by the declared identity: the other factors stay as they were.
    Where the history has a firm association between a changed factor and another one, the figure
    that follows it stands beside, with its interval. An association is no cause.
    """
    console = Console()
    try:
        settings = without_events(warehouse)
        answer = ask(
            settings.project,
            settings.warehouse,
            Question(
                changes=read_changes(changes or []),
                identity=identity,
                surface=surface,
                by=by,
                first_day=first_day.date() if first_day else None,
                last_day=last_day.date() if last_day else None,
            ),
        )
    except (SettingsError, ChangeError, QuestionError) as refused:
        refuse(console, str(refused))
    except OverflowError:
        refuse(console, "A day lies beyond the calendar. Choose days that the marts have.")
    if as_json:
        console.print_json(answer.model_dump_json())
    else:
        _print(console, answer)


def _print(console: Console, answer: Answer) -> None:
    console.print(answer.sentence, highlight=False, soft_wrap=True)
    print_whole(console, _slices(answer))
    for name in (one.factor for one in answer.total.contributions):
        before = _factor_of(answer.slices, name)
        if before:
            console.print(before, highlight=False, soft_wrap=True)
    console.print(answer.assumption, highlight=False, soft_wrap=True)
    for one in answer.slices:
        if one.reason:
            console.print(
                f"{escape(one.slice)}: {answer.identity} says nothing of it, its revenue stays: "
                f"{one.reason}.",
                highlight=False,
                soft_wrap=True,
            )
    _print_associations(console, answer)
    for note in answer.notes:
        console.print(f"[yellow]Note:[/] {note}", highlight=False, soft_wrap=True)


def _slices(answer: Answer) -> Table:
    factors = [one.factor for one in answer.total.contributions]
    is_adjusted = answer.total.adjusted is not None
    listing = Table("slice", box=SIMPLE_HEAD)
    headings = [answer.currency, "changed", "change", "share", *(f"by {name}" for name in factors)]
    for heading in headings + (["adjusted", "from", "to"] if is_adjusted else []):
        listing.add_column(heading, justify="right")
    shown = answer.slices if len(answer.slices) == 1 else [*answer.slices, answer.total]
    for one in shown:
        cells = [
            f"{one.revenue:,.2f}",
            f"{one.revenue_changed:,.2f}",
            f"{one.change:+,.2f}",
            "" if one.change_share is None else f"{one.change_share:+.2%}",
            *(f"{part.contribution:+,.2f}" for part in one.contributions),
        ]
        if one.adjusted:
            amounts = (one.adjusted.revenue, one.adjusted.low, one.adjusted.high)
            cells += [f"{amount:,.2f}" for amount in amounts]
        listing.add_row(escape(one.slice), *cells)
    return listing


def _factor_of(slices: list[Outlook], name: str) -> str | None:
    """A factor before and after, where one slice is asked of."""
    if len(slices) > 1:
        return None
    part = next(one for one in slices[0].contributions if one.factor == name)
    if part.base is None or part.changed is None:
        return None
    return f"{name}: {part.base:,.6g} to {part.changed:,.6g} ({in_percent(part.change)})"


def _print_associations(console: Console, answer: Answer) -> None:
    used = [one for one in answer.associations if one.is_used]
    for one in used:
        console.print(_in_words(one), markup=False, highlight=False, soft_wrap=True)
    if used:
        console.print(f"Adjusted by these. {answer.caveat}", highlight=False, soft_wrap=True)
        return
    if not answer.associations:
        console.print(
            "Not adjusted: no association between what is changed and the other factors of "
            f"{answer.identity} is estimated.",
            highlight=False,
            soft_wrap=True,
        )
        return
    why = sorted({one.reason for one in answer.associations if one.reason})
    console.print(
        "Not adjusted: the history has no firm association between what is changed and the other "
        f"factors{': ' if why else ''}{'; '.join(why)}.",
        highlight=False,
        soft_wrap=True,
    )


def _in_words(one: Association) -> str:
    return (
        f"{one.slice}: on days with 1 % more {one.driver}, {one.response} was "
        f"{one.elasticity:+.2f} % ({one.low:+.2f} to {one.high:+.2f}; {one.days} days, R² "
        f"{one.r_squared:.2f})."
    )
