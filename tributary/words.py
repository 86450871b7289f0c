"""What every command says alike."""

from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from rich.measure import Measurement
from rich.table import Table

REFUSED = 2
BUSY = 6
INTERRUPTED = 130
_WIDEST = 1000

WarehouseOption = Annotated[
    Path | None,
    typer.Option(
        "--warehouse",
        help="Folder of the databases [env: TRIBUTARY_WAREHOUSE; default: warehouse].",
    ),
]
WaitOption = Annotated[
    float,
    typer.Option("--wait", min=0, help="Seconds to wait where another run is at work."),
]


def print_whole(console: Console, table: Table, markup: bool = True) -> None:
    """A table of which nothing is cut: a terminal that is narrower wraps its lines."""
    options = console.options.update(width=_WIDEST, markup=markup, highlight=False)
    there = console.width
    console.width = max(there, Measurement.get(console, options, table).maximum)
    console.print(table, markup=markup, highlight=False)
    console.width = there


def refuse(console: Console, message: str) -> NoReturn:
    """Say why nothing was done, and end."""
    _end(console, "Refused", message, REFUSED)


def yield_to_another(console: Console, message: str) -> NoReturn:
    """Say which run is at work, and end."""
    _end(console, "Busy", message, BUSY)


def warned_in_words(tests: int, rules: int) -> str:
    """How much of a run warned, by the same words wherever it is said."""
    parts = [
        f"{number} {what if number == 1 else what + 's'} of the {where}"
        for number, what, where in ((tests, "test", "build"), (rules, "rule", "audit"))
        if number
    ]
    return f"{' and '.join(parts) or 'nothing'} warned"


def stop(console: Console, message: str) -> NoReturn:
    """Say what became of a command that was told to stop, and end."""
    _end(console, "Interrupted", message, INTERRUPTED)


def _end(console: Console, word: str, message: str, code: int) -> NoReturn:
    console.print(f"[bold red]{word}.[/] {escape(message)}", highlight=False, soft_wrap=True)
    raise typer.Exit(code)
