"""One run: build, test, export, audit, publish; and what is said of it, however it ends."""

import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any

import duckdb
from rich.console import Console

from tributary.audit import AuditError, AuditResult, audit_candidate, check_rulebook
from tributary.build import BuildResult, NodeOutcome, run_build
from tributary.disk import full_disk, is_full
from tributary.publish.alerts import alert_of, send
from tributary.publish.candidate import CandidateError, make_candidate
from tributary.publish.lock import (
    Holder,
    WarehouseBusyError,
    WarehouseUnwritableError,
    held,
    holders_of,
    unwritable,
)
from tributary.publish.manifest import AuditVerdict, Manifest
from tributary.publish.places import DATABASE, Places
from tributary.publish.publication import (
    Publication,
    PublicationError,
    prune,
    publish,
    served,
    served_name,
    sweep,
)
from tributary.publish.reports import (
    REPORT,
    Ending,
    Finding,
    RunReport,
    Stage,
    close_reports,
    leave_refusal,
    new_run_id,
    read_reports,
    reserve,
    sweep_reports,
)
from tributary.publish.settled import (
    fingerprint_of_reference,
    has_passed,
    last_run_of_the_same,
    warned_before,
)
from tributary.settings import Settings
from tributary.summary import first_rows
from tributary.words import warned_in_words

_DAMAGED = ("Corrupt database file", "checksum", "not a valid DuckDB database", "Serialization")
_LOST_SHOWN = 5
INTERRUPTED = "interrupted"
"""Name of the finding."""


class StageFailedError(Exception):
    """A stage ended without what the next one needs; the report has the findings."""


@dataclass
class Run:
    """A run at work.

    Attributes:
        settings: what it reads and where it writes.
        console: where it says what it does.
        report: what it leaves behind.
        in_words: its last report in words; None: it has not ended, or could not write one.
        build: how the build ended; None before it has.
        may_lose_days: publish although days are gone that readers see now.
        told_to_stop: the signal by which it was; None: it was not.
        audit: what the audit found; None before it has.
        watch: is told each of dbt's events while it builds, from dbt's own threads.
    """

    settings: Settings
    console: Console
    report: RunReport
    in_words: Path | None = field(default=None)
    build: BuildResult | None = field(default=None)
    audit: AuditResult | None = field(default=None)
    may_lose_days: bool = False
    told_to_stop: str | None = None
    watch: Callable[[Any], None] = field(default=lambda event: None)

    @property
    def places(self) -> Places:
        """The names in its warehouse."""
        return Places(self.settings.warehouse)

    @contextmanager
    def stage(self, stage: Stage) -> Iterator[None]:
        """Do something as a part of a stage, and note how long it took."""
        if stage is not self.report.stage:
            self.report.stage = stage
            # On a full disk an earlier one stays; it is the last one that space is kept for.
            with suppress(OSError):
                _leave(self)
        began = time.monotonic()
        try:
            yield
        finally:
            spent = self.report.seconds.get(stage, 0) + time.monotonic() - began
            self.report.seconds[stage] = round(spent, 3)

    def find(self, name: str, message: str, *, is_blocking: bool, rule: str | None = None) -> None:
        """Note a failure or a warning of the stage at work."""
        finding = Finding(
            stage=self.report.stage, name=name, message=message, is_blocking=is_blocking, rule=rule
        )
        self.report.findings.append(finding)

    def note(self, warned: NodeOutcome) -> None:
        """Note a test of the build that warned."""
        finding = Finding(
            stage=self.report.stage,
            name=warned.name,
            message=f"{warned.found}.",
            is_blocking=False,
            rows=None if warned.unit else warned.failures,
            per_million=warned.failures if warned.unit else None,
        )
        self.report.findings.append(finding)

    @property
    def how_interrupted(self) -> str:
        """Of a run that was told to stop: by what, where that is known."""
        return f"It was told to stop{f' ({self.told_to_stop})' if self.told_to_stop else ''}."

    def interrupted(self) -> KeyboardInterrupt:
        """What ends a run that was told to stop."""
        return KeyboardInterrupt(self.how_interrupted)

    def fail(self, name: str, message: str) -> StageFailedError:
        """Note what ends the run."""
        self.find(name, message, is_blocking=True)
        return StageFailedError(message)


@contextmanager
def begun(
    settings: Settings,
    console: Console,
    wait_s: float = 0,
    *,
    tells: bool = True,
    interrupts: tuple[type[BaseException], ...] = (KeyboardInterrupt,),
) -> Iterator[Run]:
    """Hold the warehouse, and leave a report of what the block did, however it ended.

    A StageFailedError ends the block; anything else that is raised is noted and goes on.

    Args:
        settings: of the run.
        console: where to say what happens.
        wait_s: how many seconds to wait for another run.
        tells: where it cannot begin, leave a report of that and tell the webhook.
        interrupts: what is raised in a run that is told to stop.

    Raises:
        WarehouseBusyError: another run is at work.
        WarehouseUnwritableError: the warehouse cannot be made or written.
    """
    with ExitStack() as until_the_end:
        try:
            run = _begin(settings, console, wait_s, until_the_end)
        except (WarehouseBusyError, WarehouseUnwritableError) as failed:
            if tells:
                is_busy = isinstance(failed, WarehouseBusyError)
                report_refusal(
                    console,
                    settings.warehouse,
                    settings.alert_webhook,
                    str(failed),
                    events=settings.events,
                    ending=Ending.busy if is_busy else Ending.refused,
                    keep_runs=settings.keep_runs,
                )
            raise
        try:
            with _listening(run):
                yield run
        except StageFailedError:
            if run.report.ending is Ending.running:
                run.report.ending = Ending.failed
        except BaseException as raised:
            # Once readers see the publication, what goes wrong after it makes it no less so.
            is_out = run.report.ending is Ending.published
            if not is_out:
                run.report.ending = Ending.failed
            name, said = type(raised).__name__, str(raised)
            if isinstance(raised, interrupts):
                name, said = INTERRUPTED, run.how_interrupted
            elif is_full(raised):
                said = full_disk(settings.warehouse)
            run.find(name, said, is_blocking=not is_out)
            raise
        finally:
            _end(run)


def _begin(settings: Settings, console: Console, wait_s: float, until_the_end: ExitStack) -> Run:
    places = Places(settings.warehouse)

    def say_who(other: Holder | None) -> None:
        console.print(f"Waiting for {other or 'another run'} to end.", highlight=False)

    with unwritable(settings.warehouse, "made"):
        settings.warehouse.mkdir(parents=True, exist_ok=True)
    hold = until_the_end.enter_context(
        held(places.lock, lambda now: new_run_id(now, places), wait_s, say_who)
    )
    report = RunReport(run_id=hold.run_id, began_at=hold.since, events=settings.events)
    run = Run(settings, console, report)
    sweep_reports(places)
    with unwritable(settings.warehouse, "written"):
        _close_those_before(run, hold.dead)
        reserve(places, hold.run_id)
        _leave(run)
    for left in sweep(places):
        run.find(left.name, f"{left} cannot be deleted; nothing reads it.", is_blocking=False)
    return run


def _close_those_before(run: Run, dead: Holder | None) -> None:
    """Say of a run that was killed, or could not write how it ended, what is known of it."""
    said = [f"{dead} was killed; this run goes on from what it left."] if dead else []
    dead_id = dead.run_id if dead else None
    for report in close_reports(run.places, run.report.run_id, dead_id):
        if report.run_id != dead_id:
            said.append(f"run {report.run_id}: {report.summary}")
    for one in said:
        run.console.print(f"[yellow]Before this:[/] {one}", highlight=False, soft_wrap=True)
        run.find("the run before", one, is_blocking=False)


@contextmanager
def _listening(run: Run) -> Iterator[None]:
    """SIGTERM, with which a service is stopped, ends a run as Ctrl-C does: with a report."""

    def stop(signal_number: int, frame: FrameType | None) -> None:
        run.told_to_stop = signal.Signals(signal_number).name
        raise run.interrupted()

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {sort: signal.signal(sort, stop) for sort in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for sort, handler in before.items():
            signal.signal(sort, handler)


def report_refusal(
    console: Console,
    warehouse: Path,
    webhook: str | None,
    message: str,
    *,
    events: str = "",
    ending: Ending = Ending.refused,
    keep_runs: int = Settings.keep_runs,
) -> Path | None:
    """Leave a report of a run that could not begin, and tell the webhook.

    Of many that could not, as of many that could, the newest reports are kept.

    Returns:
        The report in words; None: it could not be written.
    """
    places, now = Places(warehouse), datetime.now(UTC)
    report = RunReport(
        run_id=new_run_id(now, places),
        began_at=now,
        ended_at=now,
        ending=ending,
        stage=Stage.begin,
        summary=message,
        events=events,
        published=served_name(places),
    )
    in_words = leave_refusal(places, report)
    _alert(console, report, warehouse, webhook, in_words)
    with suppress(OSError):
        at_work, dead = holders_of(places.lock)
        needed = {one.run_id for one in (at_work, dead) if one}
        _prune_reports(places, keep_runs, {report.run_id, *needed})
    return in_words


def build_and_publish(run: Run, arguments: list[str], verbose: bool) -> None:
    """Everything, in order.

    Raises:
        StageFailedError: a stage failed; what was published before stays as it is.
    """
    refuse_unusable_rules(run)
    marts = build_marts(run, arguments, verbose)
    manifest, folder = export_marts(run, marts)
    audited = audit_marts(run, manifest, folder)
    publish_marts(run, audited, folder)


def refuse_unusable_rules(run: Run) -> None:
    """An audit that cannot be held is refused before a build of hours, not after it.

    Raises:
        StageFailedError: audit.yml cannot be used.
    """
    try:
        with run.settings.exported():
            check_rulebook(run.settings.project)
    except AuditError as unusable:
        run.report.ending = Ending.refused
        raise run.fail("audit.yml", str(unusable)) from unusable


def build_marts(run: Run, arguments: list[str], verbose: bool) -> list[str]:
    """Build the models and hold every test against them; from nothing where the build is damaged.

    Returns:
        The served marts.
    """
    with run.stage(Stage.build):
        if run.settings.lacks_reference:
            run.console.print(
                f"[yellow]No reference table[/] is in {run.settings.events}/reference: no exchange "
                "rates, advertisers, invoices or calendar. Charges in another currency than "
                f"{run.settings.reporting_currency} go to the quarantine.",
                highlight=False,
                soft_wrap=True,
            )
        fault = fault_of_build(run.places.build_database)
        if fault:
            _forget_build(run, fault)
        run.build = _rebuilt_unchanged(run, arguments, verbose) or _built(run, arguments, verbose)
        damage = None if fault else _damage_behind(run)
        if damage:
            _forget_build(run, damage)
            run.build = _built(run, arguments, verbose)
        for warning in run.build.warnings:
            run.note(warning)
        if run.build.error:
            run.report.ending = Ending.refused
            raise run.fail("disk" if is_full(run.build.error) else "input", run.build.error)
        for problem in run.build.problems:
            run.find(problem.name, _in_words(run, problem), is_blocking=True)
        if run.build.problems:
            raise StageFailedError(f"{len(run.build.problems)} models or tests failed.")
        if run.settings.target != "spark":
            run.report.reference = fingerprint_of_reference(run.settings)
    return run.build.marts


def _built(run: Run, arguments: list[str], verbose: bool) -> BuildResult:
    """What dbt did; an interrupt, which dbt takes for the end of its work, is one again."""
    result = run_build(run.settings, arguments, run.console, verbose, run.watch)
    if run.told_to_stop:
        raise run.interrupted()
    return result


def _rebuilt_unchanged(run: Run, arguments: list[str], verbose: bool) -> BuildResult | None:
    """The models alone, where nothing new came in; None where there is something to test."""
    before = None if arguments else last_run_of_the_same(run.settings, run.report.run_id)
    if before is None:
        return None
    without_tests = ["--exclude-resource-type", "test"]
    result = _built(run, without_tests, verbose)
    if not result.succeeded or not has_passed(run.places.build_database):
        return None
    result.warnings = warned_before(before)
    return result


def export_marts(run: Run, marts: list[str]) -> tuple[Manifest, Path]:
    """Copy the marts out of the build.

    Returns:
        What is known of the candidate, and its folder.
    """
    folder = run.places.candidate(run.report.run_id)
    with run.stage(Stage.export):
        try:
            return make_candidate(run.settings, marts, folder, run.report.run_id), folder
        except CandidateError as failed:
            raise run.fail("candidate", str(failed)) from failed


def audit_marts(run: Run, manifest: Manifest, folder: Path) -> Manifest:
    """Hold the candidate against every rule.

    Returns:
        The manifest, with how the audit ended.
    """
    report_folder = run.places.runs / run.report.run_id
    with run.stage(Stage.audit):
        lost = _lost_days(run, manifest)
        if lost and not run.may_lose_days:
            raise run.fail("no_published_day_is_lost", lost)
        try:
            with run.settings.exported():
                result = audit_candidate(run.settings.project, folder / DATABASE, report_folder)
        except AuditError as failed:
            raise run.fail("audit", str(failed)) from failed
        run.audit = result
        run.report.audit_page = str(result.page.relative_to(report_folder))
        for outcome in result.failures + result.warnings:
            name = f"{outcome.rule} in {outcome.mart}"
            is_blocking = outcome.severity == "block"
            run.find(name, outcome.message, is_blocking=is_blocking, rule=outcome.rule)
        if not result.passed:
            raise StageFailedError(f"{len(result.failures)} rules of the audit do not hold.")
    verdict = AuditVerdict(
        rules=result.tally.asked, warnings=sorted({outcome.rule for outcome in result.warnings})
    )
    tests = run.report.tests_warned
    return manifest.model_copy(update={"audit": verdict, "tests_warned": tests})


def _lost_days(run: Run, manifest: Manifest) -> str | None:
    """Which landed days readers would lose, of the same events: a build from nothing has what the
    files have that are still there."""
    now = served(run.places)
    if now is None or now.manifest.events != manifest.events:
        return None
    before, after = (
        {(part.landed_on, part.event_table) for part in one.inputs if part.landed_on}
        for one in (now.manifest, manifest)
    )
    lost = sorted(before - after)
    if not lost:
        return None
    days = ", ".join(f"{table} of {day}" for day, table in lost[:_LOST_SHOWN])
    more = f" and {len(lost) - _LOST_SHOWN} more" if len(lost) > _LOST_SHOWN else ""
    return (
        f"What is published was made of files that are gone: {days}{more}. Put them back and run "
        "again; if what they hold is to be lost: tributary run --allow-lost-days."
    )


def publish_marts(run: Run, manifest: Manifest, folder: Path) -> Publication:
    """Let readers see the candidate, and delete what is older than what is to be kept."""
    with run.stage(Stage.publish):
        try:
            publication = publish(run.places, folder, manifest)
        except (PublicationError, OSError) as failed:
            raise run.fail("publication", str(failed)) from failed
        run.report.ending = Ending.published
        prune(run.places, run.settings.keep_publications)
    return publication


def fault_of_build(database: Path, *, thoroughly: bool = False) -> str | None:
    """Why the build database cannot be used any more; None where it can, or is not there.

    Args:
        database: the file.
        thoroughly: read every row of every table, too.
    """
    if not database.exists():
        return None
    try:
        with duckdb.connect(str(database), read_only=True) as connection:
            tables = connection.execute(
                "select format('{}.{}', schema_name, table_name) from duckdb_tables()"
            ).fetchall()
            for (table,) in tables if thoroughly else []:
                connection.execute(f"select sum(hash(rows)) from {table} as rows").fetchone()
    except duckdb.Error as failed:
        said = str(failed)
        return said if any(words in said for words in _DAMAGED) else None
    return None


def _damage_behind(run: Run) -> str | None:
    """What is damaged in the build database, where a build that failed speaks of damage at all.

    Its words may be about an input, or a path: only what is found in the file itself counts.
    """
    build = run.build
    said = [build.error or "", *(problem.message for problem in build.problems)] if build else []
    if not any(words in message for words in _DAMAGED for message in said):
        return None
    return fault_of_build(run.places.build_database, thoroughly=True)


def _in_words(run: Run, problem: NodeOutcome) -> str:
    if problem.status != "fail":
        return problem.message
    rows = " | ".join(first_rows(run.settings.build_database, problem))
    return problem.found + (f", among them: {rows}." if rows else ".")


def _forget_build(run: Run, fault: str) -> None:
    run.console.print(
        f"[yellow]The build database is damaged[/] ({fault.splitlines()[0]}). Everything "
        "is built again from the events that are still there.",
        highlight=False,
        soft_wrap=True,
    )
    run.find("build database", f"It was damaged and made again: {fault}", is_blocking=False)
    database = run.places.build_database
    for file in (database, database.with_name(database.name + ".wal")):
        file.unlink(missing_ok=True)


def _end(run: Run) -> None:
    """Say how it ended: in the report, to the webhook, and by what is left in the folder."""
    report = run.report
    report.ended_at = datetime.now(UTC)
    report.summary = report.summary or _summary(run)
    shutil.rmtree(run.places.candidate(report.run_id), ignore_errors=True)
    try:
        run.in_words = _leave(run)
    except OSError as failed:
        why = full_disk(run.settings.warehouse) if is_full(failed) else failed
        run.console.print(
            f"[yellow]The report of this run could not be written:[/] {why}",
            highlight=False,
            soft_wrap=True,
        )
    _alert(run.console, report, run.settings.warehouse, run.settings.alert_webhook, run.in_words)
    _prune_reports(run.places, run.settings.keep_runs, {report.run_id})


def _prune_reports(places: Places, keep: int, needed: set[str]) -> None:
    """Delete the reports of all but the newest runs, and of none that is needed."""
    reports = sorted(places.runs.glob(f"*/{REPORT}"), reverse=True)
    for old in reports[keep:]:
        if old.parent.name not in needed:
            shutil.rmtree(old.parent, ignore_errors=True)


def _alert(
    console: Console, report: RunReport, warehouse: Path, webhook: str | None, in_words: Path | None
) -> None:
    alert = alert_of(report, str(warehouse), str(in_words) if in_words else None)
    if alert and webhook:
        undelivered = send(alert, webhook)
        if undelivered:
            console.print(f"[yellow]{undelivered}[/]", highlight=False, soft_wrap=True)


def _leave(run: Run) -> Path:
    run.report.published = served_name(run.places)
    return run.report.write(run.places)


def _summary(run: Run) -> str:
    report = run.report
    blocking = [finding for finding in report.findings if finding.is_blocking]
    if report.ending is Ending.published:
        tests, rules = report.tests_warned, report.rules_warned
        said = [f"Published; {warned_in_words(len(tests), len(rules))}."]
        # What no test and no rule says, such as of the run before.
        said += [one.message for one in report.warnings if not one.is_test and not one.rule]
        return " ".join(said)
    if report.ending in (Ending.built, Ending.rolled_back, Ending.refused):
        return blocking[0].message if blocking else f"{report.ending.capitalize()}."
    kept = "What was published before stays." if report.published else "Nothing is published yet."
    if was_interrupted(report):
        return f"Interrupted in the stage {report.stage}. {run.how_interrupted} {kept}"
    first = f"{blocking[0].name}: {blocking[0].message}" if blocking else "It did not end."
    more = f" (and {len(blocking) - 1} more)" if len(blocking) > 1 else ""
    return f"The stage {report.stage} failed. {first}{more} {kept}"


def was_interrupted(report: RunReport) -> bool:
    """A run that was told to stop before it published."""
    return any(finding.name == INTERRUPTED and finding.is_blocking for finding in report.findings)


def last_runs(settings: Settings, count: int) -> list[RunReport]:
    """The reports of the last runs, the newest first."""
    places = Places(settings.warehouse)
    at_work, dead = (holder.run_id if holder else None for holder in holders_of(places.lock))
    reports = read_reports(places, at_work, dead)
    return [report for _, report in zip(range(count), reports, strict=False)]
