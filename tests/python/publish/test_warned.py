"""What warned is counted once, and said by the same words wherever a run is spoken of."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.console import Console
from typer.testing import CliRunner

from tributary.audit import AuditResult, RuleOutcome
from tributary.build import BuildResult, NodeOutcome, _record
from tributary.cli import app
from tributary.publish.manifest import AuditVerdict, CodeVersion, Manifest
from tributary.publish.places import Places
from tributary.publish.reports import Ending, Stage
from tributary.publish.run import Run, begun, build_marts
from tributary.publish.settled import warned_before
from tributary.settings import resolve
from tributary.summary import print_counts
from tributary.words import warned_in_words

ROWS = NodeOutcome("nothing_is_late", "test", "warn", 61, "Got 61 results")
SHARE = NodeOutcome("rejects_stay_low", "test", "warn", 59_125, "", unit="per million")


def outcome(rule: str, mart: str, **more: object) -> RuleOutcome:
    given: dict[str, object] = {
        "rule": rule,
        "family": "business",
        "mart": mart,
        "severity": "warn",
        "passed": False,
        "found": 3,
        "says": "is so",
        "message": f"{mart} breaks {rule}.",
        "examples": ("day 1: is 2",),
        "reason": "It matters.",
        "advice": "Look.",
    }
    return RuleOutcome.model_validate(given | more)


AUDITED = AuditResult(
    candidate=Path("marts.duckdb"),
    audited_at="2026-01-01T00:00:00+00:00",
    rules=(
        outcome("rates_are_present", "quarantine_summary"),
        outcome("rates_are_present", "another_mart"),
        outcome("volumes_are_in_season", "revenue_daily", passed=True, judged=False),
        outcome("grain_is_unique", "revenue_daily", passed=True),
    ),
    page=Path("audit.html"),
    seconds=1,
)
IN_WORDS = "2 tests of the build and 1 rule of the audit warned"


@pytest.mark.parametrize(
    ("tests", "rules", "words"),
    [
        (2, 1, IN_WORDS),
        (1, 0, "1 test of the build warned"),
        (0, 4, "4 rules of the audit warned"),
        (0, 0, "nothing warned"),
    ],
)
def test_one_sentence_says_how_much_warned(tests: int, rules: int, words: str) -> None:
    assert warned_in_words(tests, rules) == words


def test_a_rule_counts_once_whatever_the_number_of_marts() -> None:
    tally = AUDITED.tally
    assert (tally.asked, tally.held, tally.unjudged, tally.warned, tally.blocked) == (3, 1, 1, 1, 0)


def test_the_console_names_what_the_tests_and_the_audit_found_and_counts_both() -> None:
    console = Console(record=True, width=200)
    print_counts(console, BuildResult(warnings=[SHARE, ROWS]), audit=AUDITED)
    said = console.export_text()
    for line in (
        "Not so: nothing is late: 61 found.",
        "Not so: rejects stay low: 59,125 per million.",
        "Not so: rates are present (quarantine_summary): day 1: is 2, and 2 more.",
        IN_WORDS,
    ):
        assert line in said


def warned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run whose build warned of two things and whose audit warned of one, in two marts."""
    monkeypatch.setattr(
        "tributary.publish.run.run_build", lambda *_: BuildResult(warnings=[ROWS, SHARE])
    )
    with begun(resolve(warehouse=tmp_path), Console(quiet=True)) as at_work:
        build_marts(at_work, [], verbose=False)
        at_work.report.stage = Stage.audit
        for one in AUDITED.warnings:
            at_work.find(f"{one.rule} in {one.mart}", one.message, is_blocking=False, rule=one.rule)
        at_work.report.ending = Ending.published
    return at_work


def test_the_report_and_the_listings_say_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = warned(tmp_path, monkeypatch).report
    assert report.summary == f"Published; {IN_WORDS}."
    code = CodeVersion(version="1", commit=None, models="x")
    manifest = Manifest(
        run_id="20260101T000000Z",
        made_at=datetime.now(UTC),
        code=code,
        currency="CNY",
        revenue=Decimal(1),
        first_day=None,
        last_day=None,
        tables={},
        audit=AuditVerdict(rules=3, warnings=report.rules_warned),
        tests_warned=report.tests_warned,
    )
    folder = Places(tmp_path).publication(manifest.run_id)
    folder.mkdir(parents=True)
    manifest.write(folder)
    listed = CliRunner().invoke(
        app, ["status", "--warehouse", str(tmp_path)], env={"COLUMNS": "200"}
    )
    assert f"Published; {IN_WORDS}." in " ".join(listed.output.split())
    assert IN_WORDS.removesuffix(" warned") in listed.output


def test_a_share_is_no_number_of_rows_and_outlives_a_run_that_tests_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = warned(tmp_path, monkeypatch).report
    rows, share = report.findings[:2]
    assert (rows.message, rows.rows, rows.per_million) == ("61 found.", 61, None)
    assert (share.message, share.rows, share.per_million) == ("59,125 per million.", None, 59_125)
    assert [one.found for one in warned_before(report)] == ["61 found", "59,125 per million"]


def test_the_unit_of_a_test_is_what_the_project_declares() -> None:
    node = SimpleNamespace(
        name="rejects_stay_low", resource_type="test", config={"meta": {"unit": "per million"}}
    )
    result = BuildResult()
    _record(result, SimpleNamespace(node=node, status="warn", failures=59_125, message=""))
    assert result.warnings[0].found == "59,125 per million"


def test_every_test_that_measures_a_share_says_so(root: Path) -> None:
    shares = [
        text
        for file in (root / "tests").rglob("*.sql")
        for text in re.findall(r"config\(.*?\) }}", file.read_text("utf-8"), re.S)
        if re.search(r"fail_calc.*ppm", text)
    ]
    assert len(shares) == 2
    assert all("meta={'unit': 'per million'}" in text for text in shares)
