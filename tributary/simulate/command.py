"""The command `tributary simulate`."""

from datetime import UTC, datetime
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
from tributary.simulate.plants import EXAMPLE, parse_plant
from tributary.simulate.run import run
from tributary.simulate.settings import (
    ENOUGH_REQUESTS,
    LogFormat,
    Settings,
    SettingsError,
    usual_requests_per_day,
)

_DAY = "%Y-%m-%d"


def simulate(
    out: Annotated[Path, typer.Option(help="Folder that takes events, reference and truth.json.")],
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 7,
    days: Annotated[int, typer.Option(help="Reporting days to simulate.")] = 28,
    start_date: Annotated[
        datetime,
        typer.Option(formats=[_DAY], help="First day, in the reporting time zone."),
    ] = datetime(2026, 10, 19),
    requests_per_day: Annotated[
        int | None,
        typer.Option(
            help="Requests on an average day [default: 200, or as many as make 5,600 in all]."
        ),
    ] = None,
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
    plant: Annotated[
        list[str] | None,
        typer.Option(
            help="A cause to be found: on a day, a factor (requests, pvr, asn, ctr2, acp) of a "
            f"slice changes. Repeatable. As in: '{EXAMPLE}'."
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace what the folder holds.")] = False,
) -> None:
    """Simulate an ad platform's event logs, with every defect planted and counted in truth.json.

    Parquet lies in folders by the UTC day of the event; what arrives a day or more after it
    happened is a file of its own there, named by the day of its arrival. A run accepts what was
    made from about 5,600 requests in all, or any number of them with --clean.
    """
    try:
        settings = Settings(
            seed=seed,
            days=days,
            start_date=start_date.date(),
            requests_per_day=(
                usual_requests_per_day(days) if requests_per_day is None else requests_per_day
            ),
            log_format=format,
            missing_day=missing_day.date() if missing_day else None,
            clean=clean,
            duplicates=duplicates,
            late=late,
            corrections=corrections,
            withdrawals=withdrawals,
            plants=tuple(parse_plant(text) for text in plant or ()),
        )
        target = out.resolve()
        check_target(target, force)
    except (SettingsError, FolderError) as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(2) from error

    console = Console(stderr=True)
    try:
        _write(settings, target, console)
    except FolderError as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(2) from error
    typer.echo(f"Wrote {settings.days} days from {settings.start_date} to {target}.")
    if not clean and settings.requests < ENOUGH_REQUESTS:
        typer.echo(
            f"Each sort of bad row is planted a few times: among {settings.requests:,} requests "
            f"that is more than a run accepts. Add --clean, or ask for {ENOUGH_REQUESTS:,} in all.",
            err=True,
        )
    today = datetime.now(UTC).date()
    if settings.last_date >= today:
        typer.echo(
            f"The days go up to {settings.last_date}, and today is {today}: a run holds back what "
            "arrives ahead of the calendar (arrivals_ahead_days). Name an earlier --start-date.",
            err=True,
        )


def _write(settings: Settings, target: Path, console: Console) -> None:
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
