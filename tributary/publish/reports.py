"""What each run leaves behind: how far it came, how it ended and why."""

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel

from tributary.disk import is_full
from tributary.publish.places import Places

REPORT = "report.json"
REPORT_IN_WORDS = "report.md"
_SPARE = ".spare"
"""Holds the space of a last report while a run is at work: it may have to tell of a full disk."""
_SPARE_BYTES = 256 << 10
_UNFINISHED = (f".{REPORT}.new", f".{REPORT_IN_WORDS}.new", _SPARE)


class Stage(StrEnum):
    """The stages of a run, in order; begin: it never came to build anything."""

    begin = "begin"
    build = "build"
    export = "export"
    audit = "audit"
    publish = "publish"


class Ending(StrEnum):
    """How a run ended; busy: another was at work; unreported: it could not write how it ended."""

    running = "running"
    published = "published"
    built = "built"
    rolled_back = "rolled back"
    failed = "failed"
    refused = "refused"
    busy = "busy"
    killed = "killed"
    unreported = "unreported"


class Finding(BaseModel):
    """Something that a run has to say.

    Attributes:
        stage: where it was found.
        name: the model, the test or the rule.
        message: what was found, in words.
        is_blocking: it kept the marts from being published.
        rows: how many rows a test of the build found; None where it was no such test.
        per_million: what it found where that is a share and no number of rows.
        rule: the rule of the audit; None where it was none.
    """

    stage: Stage
    name: str
    message: str
    is_blocking: bool
    rows: int | None = None
    per_million: int | None = None
    rule: str | None = None

    @property
    def is_test(self) -> bool:
        """It is what a test of the build found."""
        return self.rows is not None or self.per_million is not None


class RunReport(BaseModel):
    """One run.

    Attributes:
        run_id: its name; names sort by when the runs began.
        began_at: UTC.
        ended_at: UTC; None while it runs, and of a run that was killed.
        ending: how it ended.
        stage: the stage that it is in, or ended in.
        summary: how it ended, in one sentence.
        findings: what failed, and what warned.
        seconds: how long each stage took.
        events: the folder or bucket that was read.
        reference: a fingerprint of the files that are no event log, as they were after the build.
        published: the run id of the publication that readers see after it; None: there is none.
        audit_page: the page of its audit, beside the report; None where it did not come so far.
    """

    run_id: str
    began_at: datetime
    ended_at: datetime | None = None
    ending: Ending = Ending.running
    stage: Stage = Stage.build
    summary: str = ""
    findings: list[Finding] = []
    seconds: dict[Stage, float] = {}
    events: str = ""
    reference: str | None = None
    published: str | None = None
    audit_page: str | None = None

    @property
    def warnings(self) -> list[Finding]:
        """What it has to say that kept nothing from being published."""
        return [finding for finding in self.findings if not finding.is_blocking]

    @property
    def tests_warned(self) -> list[str]:
        """The tests of the build that warned."""
        return [finding.name for finding in self.warnings if finding.is_test]

    @property
    def rules_warned(self) -> list[str]:
        """The rules of the audit that warned, each once, whatever the number of marts."""
        blocking = {finding.rule for finding in self.findings if finding.is_blocking}
        return sorted({one.rule for one in self.warnings if one.rule} - blocking)

    def write(self, places: Places) -> Path:
        """Put it, as JSON and in words, where it is looked for.

        Returns:
            The report in words.

        Raises:
            OSError: it cannot be written.
        """
        folder = places.runs / self.run_id
        folder.mkdir(parents=True, exist_ok=True)
        is_last = self.ending is not Ending.running
        try:
            in_words = self._put_into(folder)
        except OSError as failed:
            if not is_last or not is_full(failed):
                raise
            _delete(folder / _SPARE)
            in_words = self._put_as_fits(folder)
        if is_last:
            _delete(folder / _SPARE)
        return in_words

    def _put_as_fits(self, folder: Path) -> Path:
        """Whole; where that is too much for the disk, without what is told beside the summary."""
        try:
            return self._put_into(folder)
        except OSError as failed:
            if not is_full(failed):
                raise
        return self.model_copy(update={"findings": []})._put_into(folder)

    def _put_into(self, folder: Path) -> Path:
        """Each file takes the place of an earlier one whole, or not at all."""
        texts = {
            REPORT: self.model_dump_json(indent=2) + "\n",
            REPORT_IN_WORDS: "\n".join(_in_words(self)) + "\n",
        }
        for name, text in texts.items():
            whole = folder / f".{name}.new"
            try:
                whole.write_text(text, encoding="utf-8")
                whole.replace(folder / name)
            except OSError:
                _delete(whole)
                raise
        return folder / REPORT_IN_WORDS


def leave_refusal(places: Places, report: RunReport) -> Path | None:
    """Put the report of a run that never held the warehouse beside those of others.

    Its name is the next that is free: while another is at work, its own is none of them.

    Returns:
        The report in words; None: it could not be written.
    """
    with suppress(OSError):
        places.runs.mkdir(parents=True, exist_ok=True)
        while True:
            report.run_id = new_run_id(report.began_at, places)
            with suppress(FileExistsError):
                (places.runs / report.run_id).mkdir()
                return report.write(places)
    return None


def reserve(places: Places, run_id: str) -> None:
    """Have the space that the last report of a run is going to need.

    Raises:
        OSError: it is not there.
    """
    folder = places.runs / run_id
    folder.mkdir(parents=True, exist_ok=True)
    # Noise, which no file system makes smaller.
    (folder / _SPARE).write_bytes(os.urandom(_SPARE_BYTES))


def sweep_reports(places: Places) -> None:
    """Delete what ended runs left of reports that they could not finish, and of their space."""
    for name in _UNFINISHED:
        for left in places.runs.glob(f"*/{name}"):
            _delete(left)


def _delete(file: Path) -> None:
    with suppress(OSError):
        file.unlink(missing_ok=True)


def new_run_id(now: datetime, places: Places) -> str:
    """A name for a run that nothing has: when it began, to the second, and -02 and so on where more
    began in one.

    It comes after every name of that second that is left, whatever was deleted meanwhile.
    """
    name = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    taken = [
        int(path.name.rpartition(name)[2].removeprefix("-") or 1)
        for folder in (places.runs, places.publications)
        for path in folder.glob(f"*{name}*")
        if re.fullmatch(r"(-\d+)?", path.name.rpartition(name)[2])
    ]
    return f"{name}-{max(taken) + 1:02}" if taken else name


def read_reports(places: Places, running: str | None, dead: str | None) -> Iterator[RunReport]:
    """The reports that are kept, the newest first, each with how the run ended as far as is known.

    Args:
        places: of the warehouse.
        running: the run that works now.
        dead: the run that held the warehouse and was killed.
    """
    for report in _stored(places):
        is_open = report.ending is Ending.running and report.run_id != running
        yield _ended(report, dead) if is_open else report


def close_reports(places: Places, running: str, dead: str | None) -> list[RunReport]:
    """Write into each report that never came to say how its run ended what is known of it.

    Returns:
        These reports.

    Raises:
        OSError: one cannot be written.
    """
    left = [report for report in _stored(places) if report.ending is Ending.running]
    closed = [_ended(report, dead) for report in left if report.run_id != running]
    for report in closed:
        report.write(places)
    return closed


def _stored(places: Places) -> Iterator[RunReport]:
    found = places.runs.glob(f"*/{REPORT}")
    for file in sorted(found, key=lambda file: file.parent.name, reverse=True):
        with suppress(OSError, ValueError):
            yield RunReport.model_validate_json(file.read_text("utf-8"))


def _ended(report: RunReport, dead: str | None) -> RunReport:
    """A run lets go of the warehouse when it ends: only one that never did was killed."""
    if report.run_id == dead:
        ending, how = Ending.killed, f"Killed while it was in the stage {report.stage}."
    else:
        ending = Ending.unreported
        how = (
            "It ended without being able to write its report; the last that is known of it is the "
            f"stage {report.stage}."
        )
    return report.model_copy(update={"ending": ending, "summary": how})


def _in_words(report: RunReport) -> Iterator[str]:
    yield f"# Run {report.run_id}: {report.ending}"
    yield ""
    yield report.summary or f"It was at work in the stage {report.stage} when this was written."
    yield ""
    reading = f", reading {report.events}" if report.events else ""
    yield f"* Began {report.began_at:%Y-%m-%d %H:%M:%S} UTC{reading}."
    if report.ended_at and report.seconds:
        took = (report.ended_at - report.began_at).total_seconds()
        parts = ", ".join(f"{stage} {seconds:.1f} s" for stage, seconds in report.seconds.items())
        yield f"* Ended after {took:.1f} s ({parts})."
    yield f"* Readers see publication {report.published or '(none yet)'}."
    if report.audit_page:
        yield f"* [The audit, rule by rule]({report.audit_page})."
    for title, is_blocking in (("What failed", True), ("What warned", False)):
        found = [finding for finding in report.findings if finding.is_blocking == is_blocking]
        if found:
            yield from ("", f"## {title}", "")
            yield from (f"* **{one.name}** ({one.stage}): {one.message}" for one in found)
