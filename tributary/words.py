"""What every command says alike."""

from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.markup import escape

REFUSED = 2

WarehouseOption = Annotated[
    Path | None,
    typer.Option(
        "--warehouse",
        help="Folder of the databases [env: TRIBUTARY_WAREHOUSE; default: warehouse].",
    ),
]


def refuse(console: Console, message: str) -> NoReturn:
    """Say why nothing was done, and end."""
    console.print(f"[bold red]Refused.[/] {escape(message)}", highlight=False, soft_wrap=True)
    raise typer.Exit(REFUSED)
