"""The command `tributary simulate`."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from tributary.simulate.folder import FolderError, check_target, staged
from tributary.simulate.run import run
from tributary.simulate.settings import LogFormat, Settings, SettingsError

_DAY = "%Y-%m-%d"


def simulate(
    out: Annotated[Path, typer.Option(help="Folder that takes events, reference and truth.json.")],
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 7,
    days: Annotated[int, typer.Option(help="Reporting days to simulate.")] = 28,
    start_date: Annotated[
        datetime,
        typer.Option(formats=[_DAY], help="First day, in the reporting time zone."),
    ] = datetime(2026, 10, 19),
    requests_per_day: Annotated[int, typer.Option(help="Requests on an average day.")] = 200,
    format: Annotated[  # noqa: A002 - the option is called --format
        LogFormat, typer.Option(help="File format of the events.")
    ] = LogFormat.csv,
    missing_day: Annotated[
        datetime | None,
        typer.Option(
            formats=[_DAY],
            help="A day whose requests and all that follows never arrive.",
        ),
    ] = None,
    clean: Annotated[bool, typer.Option("--clean", help="No defects, no gaps.")] = False,
    duplicates: Annotated[
        float | None, typer.Option(help="Share of each table's rows that are delivered again.")
    ] = None,
    late: Annotated[
        float | None,
        typer.Option(
            help="Share of each table's rows that arrive 4 to 6 days after they happened."
        ),
    ] = None,
    corrections: Annotated[
        float | None,
        typer.Option(
            help="Share of each table's rows that come first with wrong values, and right a day or "
            "two later."
        ),
    ] = None,
    withdrawals: Annotated[
        float | None,
        typer.Option(
            help="Share of the clicks whose verdict of being invalid comes a day or two later, as "
            "far as there are such clicks."
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace what the folder holds.")] = False,
) -> None:
    """Simulate an ad platform's event logs, with every defect planted and counted in truth.json.

    Parquet lies in folders by the UTC day of the event; what arrives a day or more after it
    happened is a file of its own there, named by the day of its arrival. From about 40 requests a
    day on, the checks of a run have enough rows to judge volumes by.
    """
    try:
        settings = Settings(
            seed=seed,
            days=days,
            start_date=start_date.date(),
            requests_per_day=requests_per_day,
            log_format=format,
            missing_day=missing_day.date() if missing_day else None,
            clean=clean,
            duplicates=duplicates,
            late=late,
            corrections=corrections,
            withdrawals=withdrawals,
        )
        target = out.resolve()
        check_target(target, force)
    except (SettingsError, FolderError) as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(2) from error

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with (
        staged(target) as folder,
        Progress(
            *columns,
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
            transient=True,
        ) as progress,
    ):
        task = progress.add_task("Simulating days", total=settings.days)
        run(settings, folder, lambda day: progress.advance(task))
    typer.echo(f"Wrote {settings.days} days from {settings.start_date} to {target}.")
