"""Whether there is anything to test: what passed once, on the same rows, need not pass again."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import duckdb

from tributary.build import NodeOutcome
from tributary.publish.places import Places
from tributary.publish.reports import Ending, RunReport, Stage, read_reports
from tributary.settings import Settings

_READ_WHOLE = 64 << 20
_NOTHING_LEFT = """
    select
        (select count(*) from state.untested_days) = 0
        and (select fingerprint from state.code_now) in (select fingerprint from state.tested_code)
"""


def last_run_of_the_same(settings: Settings, run_id: str) -> RunReport | None:
    """The run before this one, where it published these events and no file changed since.

    Of event logs this is a guess, and a cheap one: a folder's time of change tells of what came and
    went in it, a file's of what was written to it. `has_passed` knows, once the models have been
    built. The other files are read.
    """
    reports = read_reports(Places(settings.warehouse), run_id, None)
    # One that never began has changed nothing.
    others = (one for one in reports if one.run_id != run_id and one.stage is not Stage.begin)
    last = next(others, None)
    if (
        last is None
        or last.ending is not Ending.published
        or last.events != settings.events
        or last.reference is None
        or settings.backfill
        or "://" in settings.events
    ):
        return None
    newest = max((place.stat().st_mtime for place in _places(settings)), default=0)
    is_newer = newest >= last.began_at.timestamp()
    return None if is_newer or fingerprint_of_reference(settings) != last.reference else last


def fingerprint_of_reference(settings: Settings) -> str | None:
    """Of every file beneath the events that is no event log; None where they lie in a bucket, or
    where there is no build that can say which are.

    The bytes are read; of a file of more than 64 MB its size and time of change count.
    """
    if "://" in settings.events:
        return None
    try:
        with duckdb.connect(str(settings.build_database), read_only=True) as connection:
            found_now = connection.execute("select path from state.files_now").fetchall()
    except duckdb.Error:
        return None
    logs = {path for (path,) in found_now}
    found = hashlib.sha256()
    for path in sorted(_places(settings)):
        if str(path) in logs or not path.is_file():
            continue
        about = path.stat()
        found.update(f"{path}\0{about.st_size}\0".encode())
        if about.st_size > _READ_WHOLE:
            found.update(str(about.st_mtime_ns).encode())
            continue
        with path.open("rb") as file:
            found.update(hashlib.file_digest(file, "sha256").digest())
    return found.hexdigest()


def has_passed(database: Path) -> bool:
    """Every test passed on everything that this build holds, with the code as it is."""
    with duckdb.connect(str(database), read_only=True) as connection:
        answer = connection.execute(_NOTHING_LEFT).fetchone()
    return bool(answer and answer[0])


def warned_before(report: RunReport) -> list[NodeOutcome]:
    """The tests that warned when they last looked at the same rows."""
    return [
        NodeOutcome(
            finding.name,
            "test",
            "warn",
            finding.rows or finding.per_million or 0,
            finding.message,
            unit="" if finding.per_million is None else "per million",
        )
        for finding in report.warnings
        if finding.is_test
    ]


def _places(settings: Settings) -> Iterator[Path]:
    """Every folder and file of the events."""
    walked = os.walk(settings.events)
    return (Path(place, name) for place, _, names in walked for name in ("", *names))
