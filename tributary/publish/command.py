"""The commands `tributary status` and `tributary rollback`, and the last words of a run."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from textwrap import shorten
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tributary.publish.candidate import damaged_file
from tributary.publish.lock import Holder, WarehouseBusyError, WarehouseUnwritableError, holder_of
from tributary.publish.manifest import Manifest
from tributary.publish.places import MANIFEST, Places
from tributary.publish.publication import (
    Publication,
    PublicationError,
    choose,
    publications,
    roll_back,
    served_name,
)
from tributary.publish.reports import Ending, RunReport, Stage
from tributary.publish.run import begun, last_runs, was_interrupted
from tributary.settings import Settings, SettingsError, without_events
from tributary.words import (
    BUSY,
    INTERRUPTED,
    REFUSED,
    WaitOption,
    WarehouseOption,
    refuse,
    warned_in_words,
    yield_to_another,
)

_EXIT_CODES = {
    Stage.begin: REFUSED,
    Stage.build: 1,
    Stage.export: 3,
    Stage.audit: 4,
    Stage.publish: 5,
}
_LAST_RUNS = 5
_LETTERS_OF_A_SUMMARY = 400


def exit_code_of(report: RunReport) -> int:
    """0 where a run did what it was to do; else the number of the stage that failed."""
    if report.ending is Ending.refused:
        return REFUSED
    if report.ending is Ending.busy:
        return BUSY
    if was_interrupted(report):
        return INTERRUPTED
    return _EXIT_CODES[report.stage] if report.ending is Ending.failed else 0


def print_ending(
    console: Console, settings: Settings, report: RunReport, in_words: Path | None
) -> None:
    """What was published, or why not and what readers see instead.

    Args:
        console: where to say it.
        settings: of the run.
        report: how it ended.
        in_words: its report in words; None: it could not be written, which has been said.
    """
    places = Places(settings.warehouse)
    where = f" Report: {in_words}." if in_words else ""
    if report.ending is Ending.published:
        console.print(
            f"[bold green]Published {report.run_id}[/]: [bold]{places.served_database}[/] and "
            f"{places.served_tables}/<table>/*.parquet.{where}",
            highlight=False,
            soft_wrap=True,
        )
        return
    seen = f"publication {report.published}" if report.published else "nothing yet"
    if was_interrupted(report):
        console.print(
            f"[bold red]Interrupted[/] in the stage {report.stage}; the next run goes on from what "
            f"was built. Readers see {seen}.{where}",
            highlight=False,
            soft_wrap=True,
        )
        return
    for finding in report.findings:
        if finding.is_blocking and finding.stage is not Stage.build:
            console.print(
                f"[bold red]{finding.stage}[/] [bold]{escape(finding.name)}[/]: "
                f"{escape(finding.message)}",
                highlight=False,
                soft_wrap=True,
            )
    if report.ending is Ending.failed:
        is_build = report.stage is Stage.build
        serve = f"; {settings.built_into} did not pass: serve none of it" if is_build else ""
        log = " dbt's own log of it: run again with --verbose." if is_build else ""
        console.print(
            f"[bold red]Not published:[/] the stage {report.stage} failed. Readers see {seen}"
            f"{serve}.{where}{log}",
            highlight=False,
            soft_wrap=True,
        )


def rollback(
    run_id: Annotated[
        str | None,
        typer.Argument(help="The publication to serve again; default: the one before."),
    ] = None,
    warehouse: WarehouseOption = None,
    wait: WaitOption = 0,
) -> None:
    """Serve an earlier publication again, in one step; the next run publishes as usual.

    `tributary status` lists what is kept. A publication that was changed or damaged since is
    refused.
    """
    console = Console()
    with _refusing(console):
        settings = without_events(warehouse)
        if not Places(settings.warehouse).publications.is_dir():
            raise PublicationError(
                f"Nothing was ever published in {settings.warehouse}. Name the warehouse: "
                "--warehouse."
            )
        # What is refused is no run: it has changed nothing, and whoever mistyped is told here.
        chosen = choose(Places(settings.warehouse), run_id)
        publication = _roll_back(settings, console, wait, chosen.manifest.run_id)
    console.print(
        f"[bold green]Readers see publication {publication.manifest.run_id} again[/] (made "
        f"{publication.manifest.made_at:%Y-%m-%d %H:%M:%S} UTC).",
        highlight=False,
        soft_wrap=True,
    )


def _roll_back(settings: Settings, console: Console, wait_s: float, run_id: str) -> Publication:
    with begun(settings, console, wait_s, tells=False) as run, run.stage(Stage.publish):
        try:
            publication = _served_again(run.places, run_id)
        except PublicationError as failed:
            refused = failed
            run.report.ending = Ending.refused
            raise run.fail("rollback", str(failed)) from failed
        run.report.ending = Ending.rolled_back
        run.report.summary = f"Readers see publication {publication.manifest.run_id} again."
        return publication
    raise refused


def _served_again(places: Places, run_id: str) -> Publication:
    try:
        return roll_back(places, run_id)
    except OSError as failed:
        raise PublicationError(
            f"The warehouse cannot be changed: {failed}. Readers see what they saw."
        ) from failed


def status(
    warehouse: WarehouseOption = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Read every kept file and compare its checksum.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The same as JSON.")] = False,
) -> None:
    """Show what is published, how fresh it is, what else is kept, and the last runs."""
    console = Console()
    with _refusing(console):
        state = _state(without_events(warehouse), verify)
    if as_json:
        console.print_json(data=state.as_data())
    else:
        _print_status(console, state)
    if state.damaged:
        raise typer.Exit(1)


@dataclass(frozen=True)
class _State:
    """What there is to say of a warehouse.

    Attributes:
        warehouse: its folder.
        kept: the publications, the newest first.
        served: the name of the one that readers see, whether it can be read or not.
        damaged: of each damaged publication the file that is.
        at_work: the run that works now.
        runs: the last ones.
    """

    warehouse: Path
    kept: list[Publication]
    served: str | None
    damaged: dict[str, str]
    at_work: Holder | None
    runs: list[RunReport]

    @property
    def now(self) -> Publication | None:
        """What readers see; None where that is nothing, or has no manifest."""
        return next((one for one in self.kept if one.is_served), None)

    @property
    def age_s(self) -> float | None:
        """How old it is, in seconds."""
        return (datetime.now(UTC) - self.now.manifest.made_at).total_seconds() if self.now else None

    def as_data(self) -> dict[str, object]:
        """For a machine."""
        return {
            "served": self.served,
            "age_seconds": self.age_s,
            "at_work": self.at_work.model_dump(mode="json") if self.at_work else None,
            "publications": [one.manifest.model_dump(mode="json") for one in self.kept],
            "runs": [report.model_dump(mode="json") for report in self.runs],
            "damaged": self.damaged,
        }


def _state(settings: Settings, verify: bool) -> _State:
    places = Places(settings.warehouse)
    at_work, runs = holder_of(places.lock), last_runs(settings, _LAST_RUNS)
    # In this order: a run may publish in between, and what it publishes is not damaged.
    before, kept = served_name(places), publications(places)
    now = next((one.folder.name for one in kept if one.is_served), before)
    damaged = {one.manifest.run_id: file for one in kept if verify and (file := _damaged_file(one))}
    if now and not any(one.is_served for one in kept):
        damaged[now] = MANIFEST
    return _State(settings.warehouse, kept, now, damaged, at_work, runs)


def _damaged_file(one: Publication) -> str | None:
    try:
        return damaged_file(one.folder, one.manifest)
    except OSError as unreadable:
        return str(unreadable.filename)


def _print_status(console: Console, state: _State) -> None:
    if state.at_work:
        console.print(f"At work: {state.at_work}.", highlight=False, soft_wrap=True)
    if state.now and state.age_s is not None:
        now = state.now.manifest
        console.print(
            f"Readers see [bold]{now.run_id}[/], published {_ago(state.age_s)} ago: "
            f"{now.first_day} to {now.last_day}, revenue {now.revenue:,} {now.currency}, "
            f"{sum(table.rows for table in now.tables.values()):,} rows in {len(now.tables)} "
            f"tables, {now.audit.rules if now.audit else 0} rules of the audit held against them.",
            highlight=False,
            soft_wrap=True,
        )
    elif state.served:
        console.print(
            f"Readers see [bold]{escape(state.served)}[/], whose manifest cannot be read. "
            f"{_instead(state.kept)}",
            highlight=False,
            soft_wrap=True,
        )
    else:
        console.print(
            f"Nothing is published in {escape(str(state.warehouse))} yet: tributary run.",
            soft_wrap=True,
        )
    if state.kept:
        listing = Table("publication", "last day", "revenue", "rows", "warned", box=SIMPLE_HEAD)
        for one in state.kept:
            unseen = "" if one.was_served else " (never served)"
            listing.add_row(
                one.manifest.run_id + (" (served)" if one.is_served else unseen),
                str(one.manifest.last_day),
                f"{one.manifest.revenue:,}",
                f"{sum(table.rows for table in one.manifest.tables.values()):,}",
                _warned(one.manifest),
            )
        console.print(listing)
    if state.runs:
        # In lines and not in a table: a long path in a narrow column leaves no room for the reason.
        console.print("The last runs:")
        for report in state.runs:
            in_words = shorten(report.summary, _LETTERS_OF_A_SUMMARY, placeholder=" …")
            is_done = report.ending in (Ending.published, Ending.rolled_back)
            how = "" if is_done else f"{report.ending} in the stage {report.stage}. "
            console.print(
                f"  [bold]{report.run_id}[/] {how}{escape(in_words)}".rstrip(),
                highlight=False,
                soft_wrap=True,
            )
    for run_id, file in state.damaged.items():
        console.print(
            f"[bold red]Damaged:[/] {file} of publication {run_id}.",
            highlight=False,
            soft_wrap=True,
        )


def _instead(kept: list[Publication]) -> str:
    """What to do where that which is served is no good, of what there is."""
    seen = next((one.manifest.run_id for one in kept if one.was_served), None)
    anew = "ublish anew: tributary run."
    return f"Serve another: tributary rollback {seen}; or p{anew}" if seen else f"P{anew}"


def _warned(manifest: Manifest) -> str:
    rules = len(manifest.audit.warnings) if manifest.audit else 0
    return warned_in_words(len(manifest.tests_warned), rules).removesuffix(" warned")


def _ago(seconds: float) -> str:
    for size, unit in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} seconds"


@contextmanager
def _refusing(console: Console) -> Iterator[None]:
    """End with words, and the code of it, where a command cannot do what it is to."""

    try:
        yield
    except WarehouseBusyError as busy:
        yield_to_another(console, str(busy))
    except (SettingsError, WarehouseUnwritableError, PublicationError, OSError) as refused:
        refuse(console, str(refused))
