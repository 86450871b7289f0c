"""Whether there is anything to test: what passed once, on the same rows, need not pass again."""

import os
from pathlib import Path

import duckdb

from tributary.build import NodeOutcome
from tributary.publish.places import Places
from tributary.publish.reports import Ending, RunReport, Stage, read_reports
from tributary.settings import Settings

_NOTHING_LEFT = """
    select
        (select count(*) from state.untested_days) = 0
        and (select fingerprint from state.code_now) in (select fingerprint from state.tested_code)
"""


def last_run_of_the_same(settings: Settings, run_id: str) -> RunReport | None:
    """The run before this one, where it published these events and no file changed since.

    This is a guess, and a cheap one: a folder's time of change tells of what came and went in it,
    a file's of what was written to it. `has_passed` knows, once the models have been built.
    """
    reports = read_reports(Places(settings.warehouse), run_id)
    last = next((report for report in reports if report.run_id != run_id), None)
    if (
        last is None
        or last.ending is not Ending.published
        or last.events != settings.events
        or settings.backfill
        or "://" in settings.events
    ):
        return None
    return last if _newest_change(Path(settings.events)) < last.began_at.timestamp() else None


def has_passed(database: Path) -> bool:
    """Every test passed on everything that this build holds, with the code as it is."""
    with duckdb.connect(str(database), read_only=True) as connection:
        answer = connection.execute(_NOTHING_LEFT).fetchone()
    return bool(answer and answer[0])


def warned_before(report: RunReport) -> list[NodeOutcome]:
    """The tests that warned when they last looked at the same rows."""
    return [
        NodeOutcome(finding.name, "test", "warn", finding.rows, finding.message)
        for finding in report.findings
        if finding.stage is Stage.build and finding.rows is not None
    ]


def _newest_change(folder: Path) -> float:
    places = (Path(place, name) for place, _, names in os.walk(folder) for name in ("", *names))
    return max((place.stat().st_mtime for place in places), default=0)
