"""What each run leaves behind: how far it came, how it ended and why."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel

from tributary.publish.places import Places

REPORT = "report.json"
REPORT_IN_WORDS = "report.md"


class Stage(StrEnum):
    """The stages of a run, in order."""

    build = "build"
    export = "export"
    audit = "audit"
    publish = "publish"


class Ending(StrEnum):
    """How a run ended."""

    running = "running"
    published = "published"
    built = "built"
    rolled_back = "rolled back"
    failed = "failed"
    refused = "refused"
    killed = "killed"


class Finding(BaseModel):
    """Something that a run has to say.

    Attributes:
        stage: where it was found.
        name: the model, the test or the rule.
        message: what was found, in words.
        is_blocking: it kept the marts from being published.
        rows: how many rows a test of the build found; None where it was no such test.
    """

    stage: Stage
    name: str
    message: str
    is_blocking: bool
    rows: int | None = None


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

    def write(self, places: Places) -> Path:
        """Put it, as JSON and in words, where it is looked for.

        Returns:
            The report in words.

        Raises:
            OSError: it cannot be written.
        """
        folder = places.runs / self.run_id
        folder.mkdir(parents=True, exist_ok=True)
        whole = folder / f".{REPORT}.new"
        whole.write_text(self.model_dump_json(indent=2) + "\n", encoding="utf-8")
        whole.replace(folder / REPORT)
        in_words = folder / REPORT_IN_WORDS
        in_words.write_text("\n".join(_in_words(self)) + "\n", encoding="utf-8")
        return in_words


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


def read_reports(places: Places, running: str | None) -> Iterator[RunReport]:
    """The reports that are kept, the newest first.

    Args:
        places: of the warehouse.
        running: the run that works now; whoever else never said how it ended was killed.
    """
    found = places.runs.glob(f"*/{REPORT}")
    for file in sorted(found, key=lambda file: file.parent.name, reverse=True):
        try:
            report = RunReport.model_validate_json(file.read_text("utf-8"))
        except (OSError, ValueError):
            continue
        if report.ending is Ending.running and report.run_id != running:
            report.ending = Ending.killed
            report.summary = f"Killed while it was in the stage {report.stage}."
        yield report


def _in_words(report: RunReport) -> Iterator[str]:
    yield f"# Run {report.run_id}: {report.ending}"
    yield ""
    yield report.summary or "It is at work."
    yield ""
    yield f"* Began {report.began_at:%Y-%m-%d %H:%M:%S} UTC, reading {report.events}."
    if report.ended_at:
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
