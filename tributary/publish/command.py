"""The commands `tributary status` and `tributary rollback`, and the last words of a run."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from tributary.publish.candidate import damaged_file
from tributary.publish.lock import WarehouseBusyError, holder_of
from tributary.publish.places import Places
from tributary.publish.publication import PublicationError, publications, roll_back
from tributary.publish.reports import REPORT_IN_WORDS, Ending, RunReport, Stage
from tributary.publish.run import begun, last_runs
from tributary.settings import Settings, SettingsError, resolve

REFUSED = 2
BUSY = 6
_EXIT_CODES = {Stage.build: 1, Stage.export: 3, Stage.audit: 4, Stage.publish: 5}
_LAST_RUNS = 5

WarehouseOption = Annotated[
    Path | None,
    typer.Option(
        "--warehouse",
        help="Folder of the databases [env: TRIBUTARY_WAREHOUSE; default: warehouse].",
    ),
]


def exit_code_of(report: RunReport) -> int:
    """0 where a run did what it was to do; else the number of the stage that failed."""
    if report.ending is Ending.refused:
        return REFUSED
    return _EXIT_CODES[report.stage] if report.ending is Ending.failed else 0


def print_ending(console: Console, settings: Settings, report: RunReport) -> None:
    """What was published, or why not and what readers see instead."""
    places = Places(settings.warehouse)
    in_words = places.runs / report.run_id / REPORT_IN_WORDS
    if report.ending is Ending.published:
        console.print(
            f"[bold green]Published {report.run_id}[/]: [bold]{places.served_database}[/] and "
            f"{places.served_tables}/<table>/*.parquet. Report: {in_words}",
            highlight=False,
            soft_wrap=True,
        )
        return
    for finding in report.findings:
        if finding.is_blocking and finding.stage is not Stage.build:
            console.print(
                f"[bold red]{finding.stage}[/] [bold]{finding.name}[/]: ",
                end="",
                highlight=False,
                soft_wrap=True,
            )
            console.print(finding.message, highlight=False, soft_wrap=True, markup=False)
    if report.ending is Ending.failed:
        seen = f"publication {report.published}" if report.published else "nothing yet"
        console.print(
            f"[bold red]Not published:[/] the stage {report.stage} failed. Readers see {seen}; "
            f"{settings.built_into} did not pass: serve none of it. Report: {in_words}. dbt's own "
            "log of it: run again with --verbose.",
            highlight=False,
            soft_wrap=True,
        )


def rollback(
    run_id: Annotated[
        str | None,
        typer.Argument(help="The publication to serve again; default: the one before."),
    ] = None,
    warehouse: WarehouseOption = None,
    wait: Annotated[
        float,
        typer.Option("--wait", min=0, help="Seconds to wait where a run is at work."),
    ] = 0,
) -> None:
    """Serve an earlier publication again, in one step; the next run publishes as usual.

    `tributary status` lists what is kept. A publication that was changed or damaged since is
    refused.
    """
    console = Console()
    settings = _settings(console, warehouse)
    try:
        with begun(settings, console, wait) as run, run.stage(Stage.publish):
            try:
                publication = roll_back(run.places, run_id)
            except PublicationError as refused:
                run.report.ending = Ending.refused
                raise run.fail("rollback", str(refused)) from refused
            run.report.ending = Ending.rolled_back
            run.report.summary = f"Readers see publication {publication.manifest.run_id} again."
    except WarehouseBusyError as busy:
        console.print(f"[bold red]Busy.[/] {busy}", highlight=False, soft_wrap=True)
        raise typer.Exit(BUSY) from busy
    if run.report.ending is Ending.refused:
        console.print(f"[bold red]Refused.[/] {run.report.summary}", highlight=False)
        raise typer.Exit(REFUSED)
    console.print(
        f"[bold green]Readers see publication {publication.manifest.run_id} again[/] (made "
        f"{publication.manifest.made_at:%Y-%m-%d %H:%M:%S} UTC).",
        highlight=False,
        soft_wrap=True,
    )


def status(
    warehouse: WarehouseOption = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Read every kept file and compare its checksum.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The same as JSON.")] = False,
) -> None:
    """Show what is published, how fresh it is, what else is kept, and the last runs."""
    console = Console()
    settings = _settings(console, warehouse)
    places = Places(settings.warehouse)
    kept = publications(places)
    runs = last_runs(settings, _LAST_RUNS)
    damaged = {
        one.manifest.run_id: fault
        for one in (kept if verify else [])
        if (fault := damaged_file(one.folder, one.manifest))
    }
    if as_json:
        console.print_json(
            data={
                "served": next((one.manifest.run_id for one in kept if one.is_served), None),
                "publications": [one.manifest.model_dump(mode="json") for one in kept],
                "runs": [report.model_dump(mode="json") for report in runs],
                "damaged": damaged,
            }
        )
    else:
        _print_status(console, settings, runs)
    if damaged:
        for run_id, file in damaged.items():
            console.print(f"[bold red]Damaged:[/] {file} of publication {run_id}.", highlight=False)
        raise typer.Exit(1)


def _print_status(console: Console, settings: Settings, runs: list[RunReport]) -> None:
    places = Places(settings.warehouse)
    kept = publications(places)
    at_work = holder_of(places.lock)
    if at_work:
        console.print(f"At work: {at_work}.", highlight=False, soft_wrap=True)
    now = next((one.manifest for one in kept if one.is_served), None)
    if now is None:
        console.print(f"Nothing is published in {settings.warehouse} yet: tributary run.")
    else:
        age = datetime.now(UTC) - now.made_at
        console.print(
            f"Readers see [bold]{now.run_id}[/], published {_ago(age.total_seconds())} ago: "
            f"{now.first_day} to {now.last_day}, revenue {now.revenue:,} {now.currency}, "
            f"{sum(table.rows for table in now.tables.values()):,} rows in {len(now.tables)} "
            f"tables, {now.audit.rules if now.audit else 0} rules of the audit held against them.",
            highlight=False,
            soft_wrap=True,
        )
    if kept:
        listing = Table("publication", "last day", "revenue", "rows", "warnings", box=SIMPLE_HEAD)
        for one in kept:
            listing.add_row(
                one.manifest.run_id + (" (served)" if one.is_served else ""),
                str(one.manifest.last_day),
                f"{one.manifest.revenue:,}",
                f"{sum(table.rows for table in one.manifest.tables.values()):,}",
                str(len(one.manifest.audit.warnings) if one.manifest.audit else 0),
            )
        console.print(listing)
    if runs:
        listing = Table("run", "ended", "stage", "in words", box=SIMPLE_HEAD)
        for report in runs:
            listing.add_row(report.run_id, report.ending, report.stage, report.summary)
        console.print(listing)


def _ago(seconds: float) -> str:
    for size, unit in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} seconds"


def _settings(console: Console, warehouse: Path | None) -> Settings:
    try:
        return resolve(warehouse=warehouse)
    except SettingsError as error:
        console.print(f"[bold red]Refused.[/] {error}", highlight=False, soft_wrap=True)
        raise typer.Exit(REFUSED) from error
