"""The answer in words, as a table and as a waterfall."""

from collections.abc import Sequence
from decimal import Decimal
from functools import partial

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tributary.why.answer import Answer, Factor, Slice
from tributary.words import print_whole

_LONGEST_BAR, _SHORTEST_BAR = 44, 8
_OTHER_COLUMNS = 62
_HEADINGS = {"(unattributed)": "other"}
_SLIGHT = Decimal("0.05")
"""A factor with less than this share of the largest is not worth a word."""


def sentence_of(answer: Answer) -> str:
    """What moved, by how much, and what made it."""
    name = answer.result
    unit = f" {answer.unit}" if answer.unit else ""
    began = (
        f"{name} was {_amount(answer.now)}{unit} in {answer.now_period}, "
        f"{_moved(answer.change, answer.before)} than in {answer.before_period} "
        f"({_amount(answer.before)}{unit})."
    )
    if not answer.change:
        began = (
            f"{name} was {_amount(answer.now)}{unit} in {answer.now_period}, "
            f"as in {answer.before_period}."
        )
    parts = sorted(answer.factors, key=lambda one: -abs(one.contribution))
    parts = [
        one
        for one in parts
        if one.contribution and abs(one.contribution) >= _SLIGHT * abs(parts[0].contribution)
    ]
    if not parts:
        return f"{began} No factor moved it."
    up = [one for one in parts if one.contribution > 0]
    down = [one for one in parts if one.contribution < 0]
    told = [
        f"{_listed(some)} {word} {'it' if number == 0 else 'it,'}".rstrip(",")
        for number, (some, word) in enumerate(
            sorted(((up, "raised"), (down, "lowered")), key=lambda pair: -_size(pair[0]))
        )
        if some
    ]
    return f"{began} {'; '.join(told)}."


def print_answer(console: Console, answer: Answer, most: int) -> None:
    """The answer in a terminal: sentence, waterfall, slices, what the ratios' slices did, notes."""
    # Names of slices, files and columns are anybody's: none of them is markup.
    say = partial(console.print, markup=False, highlight=False, soft_wrap=True)
    say(answer.sentence)
    say(answer.formula, style="dim")
    width = console.width - _OTHER_COLUMNS
    show = partial(print_whole, console, markup=False)
    show(_waterfall(answer, max(_SHORTEST_BAR, min(_LONGEST_BAR, width))))
    if answer.slices:
        show(_slices(answer, most))
        if len(answer.slices) > most:
            rest = sum((one.change for one in answer.slices[most:]), Decimal(0))
            say(
                f"{len(answer.slices) - most} more values changed by {_signed(rest)} together; "
                "--top shows more.",
                style="dim",
            )
        say(
            "Of each value its own change, by its own factors: the changes add up to the whole's "
            "where the result does, the columns of the factors need not add up to the bars above.",
            style="dim",
        )
    if answer.movements:
        show(_movements(answer))
    if answer.causes:
        show(_causes(answer, most))
    for note in answer.notes:
        say(Text.assemble(("Note: ", "yellow"), note))


def _waterfall(answer: Answer, width: int) -> Table:
    steps = [answer.before]
    for factor in answer.factors:
        steps.append(steps[-1] + factor.contribution)
    low, high = min(*steps, Decimal(0)), max(*steps, Decimal(0))
    span = (high - low) or Decimal(1)

    def place(value: Decimal) -> int:
        return round(float((value - low) / span) * width)

    def bar(start: Decimal, end: Decimal, style: str) -> Text:
        first, last = sorted((place(start), place(end)))
        return Text(" " * first + "█" * max(last - first, 1 if start != end else 0), style=style)

    def full(value: Decimal) -> Text:
        return bar(Decimal(0), value, "blue")

    table = Table(box=SIMPLE_HEAD)
    for heading in ("", "before", "now", "moved", "contribution"):
        table.add_column(heading, justify="left" if not heading else "right")
    table.add_column("")
    table.add_row(answer.before_period, "", "", "", _amount(answer.before), full(answer.before))
    for step, factor in zip(steps, answer.factors, strict=False):
        style = "green" if factor.contribution > 0 else "red"
        table.add_row(
            _label(factor),
            _value(factor.before),
            _value(factor.now),
            _share_moved(factor),
            _signed(factor.contribution),
            bar(step, step + factor.contribution, style),
        )
    table.add_row(answer.now_period, "", "", "", _amount(answer.now), full(answer.now))
    return table


def _slices(answer: Answer, most: int) -> Table:
    table = Table(
        box=SIMPLE_HEAD, title=f"by {answer.by}", title_justify="left", padding=(0, 0, 0, 1)
    )
    table.add_column(answer.by or "", no_wrap=True)
    headings = _headings(answer.slices)
    for heading in ("now", "change", *headings):
        table.add_column(_HEADINGS.get(heading, heading), justify="right", no_wrap=True)
    for one in answer.slices[:most]:
        parts = {_label(factor): factor.contribution for factor in one.factors}
        status = "" if one.status == "continuing" else f" ({one.status})"
        table.add_row(
            one.value + status,
            _short(one.now),
            _short(one.change, "+"),
            *(_short(parts.get(heading, Decimal(0)), "+") for heading in headings),
        )
    return table


def _headings(slices: Sequence[Slice]) -> list[str]:
    """Of the columns that hold anything, in the order of the factors."""
    longest = max(slices, key=lambda one: len(one.factors))
    moved = {_label(factor) for one in slices for factor in one.factors if factor.contribution}
    return [name for name in (_label(factor) for factor in longest.factors) if name in moved]


def _movements(answer: Answer) -> Table:
    is_money = answer.movements[0].unit == "revenue"
    unit = (answer.unit or "revenue") if is_money else "its own unit"
    table = Table(
        box=SIMPLE_HEAD,
        title=f"of the whole, over {answer.by}: within the slices and between them, in {unit}",
        title_justify="left",
    )
    table.add_column("")
    for heading in ("volume", "rate", "mix", "unattributed"):
        table.add_column(heading, justify="right")
    for one in answer.movements:
        values = (one.volume, one.rate, one.mix, one.unattributed)
        table.add_row(one.metric, *("" if value is None else _float(value) for value in values))
    return table


def _causes(answer: Answer, most: int) -> Table:
    table = Table(
        box=SIMPLE_HEAD,
        title="slices that stood out against their own earlier weeks (root_causes)",
        title_justify="left",
    )
    for heading in ("day", "factor", "slice"):
        table.add_column(heading)
    for heading in ("expected", "actual", "moved", "evidence"):
        table.add_column(heading, justify="right")
    for one in answer.causes[:most]:
        moved = one.actual / one.expected - 1 if one.expected and one.actual is not None else None
        table.add_row(
            *(str(one.day), one.metric, one.cause, _value(one.expected), _value(one.actual)),
            *("" if moved is None else f"{moved:+.1%}", f"{one.score:.1f}"),
        )
    return table


def _label(factor: Factor) -> str:
    return "mix" if factor.effect == "mix" else factor.factor


def _listed(factors: Sequence[Factor]) -> str:
    return ", ".join(f"{_label(one)} ({_signed(one.contribution)})" for one in factors)


def _size(factors: Sequence[Factor]) -> Decimal:
    return sum((abs(one.contribution) for one in factors), Decimal(0))


def _moved(change: Decimal, before: Decimal) -> str:
    share = f" ({change / abs(before):+.1%})" if before else ""
    return f"{_amount(abs(change))}{share} {'more' if change > 0 else 'less'}"


def _share_moved(factor: Factor) -> str:
    if not factor.before or factor.now is None:
        return ""
    return f"{factor.now / factor.before - 1:+.1%}"


def _amount(value: Decimal) -> str:
    return _float(float(value))


def _signed(value: Decimal) -> str:
    return _float(float(value), "+") if value else "0"


def _short(value: Decimal, sign: str = "") -> str:
    """Three digits or so, for a narrow table; JSON has them all."""
    size = abs(value)
    if not value:
        return "0"
    if size >= 100:
        return f"{value:{sign},.0f}"
    return f"{float(value):{sign}.{3 if size >= 1 else 2}g}"


def _float(value: float, sign: str = "") -> str:
    if abs(value) >= 10_000:
        return f"{value:{sign},.0f}"
    return f"{value:{sign},.2f}" if abs(value) >= 1 else f"{value:{sign}.3g}"


def _value(value: float | None) -> str:
    if value is None:
        return "none"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
