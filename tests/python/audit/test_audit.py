"""The audit lets the marts of the seeds through, and refuses a candidate with one thing off."""

import hashlib
import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import duckdb
import pytest
from audit_mutations import MUTATIONS, Mutation
from audited import DECLARED, NOW, ROOT, audit, changed, project_asking, project_with, severity

from tributary.audit import AuditError, AuditResult, audit_candidate
from tributary.audit.rulebook import Rules, read_rulebook
from tributary.publish.candidate import make_candidate
from tributary.publish.places import DATABASE
from tributary.settings import resolve

WARNED = {
    ("rates_are_present", "quarantine_summary"),
    ("rejects_call_for_attention", "conservation_daily"),
}
"""What the defects that are planted in the seeds give to say."""


@pytest.fixture(scope="module")
def candidate(built_warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    warehouse = tmp_path_factory.mktemp("audited")
    shutil.copy(built_warehouse, warehouse / "build.duckdb")
    made = warehouse / "candidate"
    make_candidate(resolve(warehouse=warehouse), DECLARED.marts, made, "one")
    return made / DATABASE


@pytest.fixture(scope="module")
def clean(candidate: Path, tmp_path_factory: pytest.TempPathFactory) -> AuditResult:
    return audit(candidate, tmp_path_factory.mktemp("report"))


def test_the_marts_of_the_seeds_pass_and_warn_of_the_planted_defects(clean: AuditResult) -> None:
    assert clean.passed, [outcome.message for outcome in clean.failures]
    assert {(outcome.rule, outcome.mart) for outcome in clean.warnings} == WARNED
    assert all(outcome.checked for outcome in clean.rules)


def test_every_rule_and_hierarchy_of_the_file_is_asked_of_the_seeds(clean: AuditResult) -> None:
    rulebook = read_rulebook(ROOT)
    named = {*Rules.model_fields, *rulebook.hierarchies}
    declared = {name for name in named if rulebook.rule(name).severity != "ignore"}
    assert {outcome.rule for outcome in clean.rules} == declared
    # What the build's own tests warn of is not counted once more.
    assert named - declared == {"declared_findings_are_none"}


def test_every_mart_is_audited(clean: AuditResult) -> None:
    assert {outcome.mart for outcome in clean.rules} == {*DECLARED.marts, "(all)"}


def test_a_result_survives_json(clean: AuditResult) -> None:
    text = clean.model_dump_json()
    again = AuditResult.model_validate_json(text)
    assert again == clean
    assert '"passed":true' in text


def test_too_little_history_is_said_and_not_guessed_from(clean: AuditResult) -> None:
    season = next(rule for rule in clean.rules if rule.rule == "volumes_are_in_season")
    assert season.passed
    assert not season.judged
    assert season.note == "Too little history to judge a day by: 28 days, and 42 are needed."
    assert clean.tally.unjudged == 1
    assert "not judged" in read(clean.page).words


class _Resources(HTMLParser):
    """What a page loads, and what it says."""

    def __init__(self) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.tags: list[str] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.loaded += [value or "" for name, value in attrs if name in ("src", "href", "srcset")]

    def handle_data(self, data: str) -> None:
        self.words.append(data.strip())


def read(page: Path) -> _Resources:
    parsed = _Resources()
    parsed.feed(page.read_text("utf-8"))
    return parsed


def test_the_page_stands_alone_and_says_the_verdict_first(clean: AuditResult) -> None:
    page = read(clean.page)
    assert not page.loaded
    assert not {"link", "script", "img", "iframe", "object", "base"} & set(page.tags)
    assert not re.search(r"@import|url\(|https?://", clean.page.read_text("utf-8"))
    assert page.tags.index("h1") < page.tags.index("h2")
    assert "Passed, with 2 rules that warned." in page.words
    tally = clean.tally
    tiles = [
        *(str(tally.asked), "rules", str(tally.held), "held", str(tally.unjudged), "not judged"),
        *(str(tally.warned), "warned", str(tally.blocked), "blocked"),
    ]
    words = [word for word in page.words if word]
    assert " ".join(tiles) in " ".join(words)
    assert (tally.warned, tally.blocked) == (2, 0)
    assert tally.asked == tally.held + tally.unjudged + tally.warned
    assert {outcome.rule for outcome in clean.rules} <= set(page.words)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda one: one.says.replace(" ", "_"))
def test_a_candidate_in_which_one_thing_is_off_is_refused(
    candidate: Path, tmp_path: Path, mutation: Mutation
) -> None:
    """Each rule is asked by itself: what one says hangs on no other."""
    asked = project_asking(tmp_path, mutation.rules)
    result = audit(changed(candidate, tmp_path, mutation.sql), tmp_path, asked)
    assert not result.passed
    caught = {outcome.rule for outcome in result.failures if outcome.checked}
    assert set(mutation.rules) <= caught
    for outcome in result.failures:
        assert outcome.mart in outcome.message or outcome.mart == "(all)"
        if outcome.checked:
            assert outcome.found
            assert outcome.rule in outcome.message
            assert outcome.examples[0] in outcome.message


def test_each_rule_that_blocks_is_proven_by_a_mutation_and_so_is_each_mart() -> None:
    rulebook = read_rulebook(ROOT)
    blocking = {
        name
        for name in (*Rules.model_fields, *rulebook.hierarchies)
        if rulebook.rule(name).severity == "block"
    }
    assert blocking - {rule for mutation in MUTATIONS for rule in mutation.rules} == set()
    assert {mart for mutation in MUTATIONS for mart in mutation.marts} == set(DECLARED.marts)
    assert len({mutation.says for mutation in MUTATIONS}) == len(MUTATIONS) >= 45


def test_a_refusal_says_the_rule_the_mart_the_rows_and_the_exact_money(
    candidate: Path, tmp_path: Path
) -> None:
    off = (
        "update main.revenue_daily set revenue = 1000000000000000.000001"
        " where requested_on = '2026-10-25' and surface = '(all)'"
    )
    result = audit(changed(candidate, tmp_path, off), tmp_path)
    found = next(o for o in result.failures if o.rule == "surfaces_sum_to_the_day")
    assert found.found == 1
    assert found.message.startswith(
        "revenue_daily breaks surfaces_sum_to_the_day, which says that it equals the sum of its "
        "parts in every column that adds up. 1 row: requested_on 2026-10-25: revenue is "
        "1000000000000000.000001 in total and "
    )
    page = read(result.page)
    assert any(words.startswith("Refused: ") for words in page.words)
    heads = [word for word in page.words if word.startswith(("What blocks", "What calls"))]
    assert heads == ["What blocks the publication", "What calls for attention"]
    assert not page.loaded


def test_the_candidate_is_left_as_it_was_and_closed(candidate: Path, tmp_path: Path) -> None:
    copy = changed(candidate, tmp_path, "select 1")
    before = hashlib.sha256(copy.read_bytes()).hexdigest()
    audit(copy, tmp_path / "report")
    assert hashlib.sha256(copy.read_bytes()).hexdigest() == before
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == [copy.name]
    with duckdb.connect(str(copy)) as connection:
        connection.execute("create table main.writable as select 1 as one")


def test_a_candidate_without_a_single_mart_is_refused(tmp_path: Path) -> None:
    empty = tmp_path / "empty.duckdb"
    duckdb.connect(str(empty)).close()
    result = audit(empty, tmp_path)
    missing = {o.mart for o in result.failures if o.rule == "contract_is_exact" and o.found}
    assert missing == set(DECLARED.marts)


def test_what_cannot_be_asked_has_not_passed(candidate: Path, tmp_path: Path) -> None:
    result = audit(changed(candidate, tmp_path, "drop table main.lateness"), tmp_path)
    unasked = {outcome.rule for outcome in result.failures if not outcome.checked}
    assert "lateness_adds_up" in unasked
    assert "late_arrivals_match_lateness" in unasked
    told = next(o for o in result.failures if o.rule == "lateness_adds_up")
    assert told.message.endswith("lateness: the mart is missing.")


def test_a_missing_or_broken_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(AuditError, match=r"There is no candidate .*nowhere.duckdb"):
        audit(tmp_path / "nowhere.duckdb", tmp_path)
    broken = tmp_path / "broken.duckdb"
    broken.write_bytes(b"not a database" * 1000)
    with pytest.raises(AuditError, match=r"broken.duckdb cannot be opened: "):
        audit(broken, tmp_path)
    with pytest.raises(AuditError, match="needs a time zone"):
        audit_candidate(ROOT, broken, tmp_path, now=NOW.replace(tzinfo=None))


def test_a_severity_is_switched_without_code(candidate: Path, tmp_path: Path) -> None:
    off = changed(
        candidate, tmp_path, "update main.advertiser_daily set tier = 'x' where is_active = 1"
    )
    ignored = project_with(tmp_path, severity("attributes_are_constant", "block", "ignore"))
    result = audit(off, tmp_path, ignored)
    assert result.passed
    assert "attributes_are_constant" not in {outcome.rule for outcome in result.rules}
    elsewhere = severity("attributes_are_constant", "block", "block")
    only_here = elsewhere[1] + "    marts: {advertiser_daily: warn}\n"
    result = audit(off, tmp_path, project_with(tmp_path, (elsewhere[0], only_here)))
    assert result.passed
    assert "attributes_are_constant" in {outcome.rule for outcome in result.warnings}
    again = project_with(tmp_path, severity("declared_findings_are_none", "ignore", "warn"))
    found = {outcome.mart for outcome in audit(candidate, tmp_path, again).warnings}
    assert {"identity_status", "late_arrivals", "invoice_reconciliation_monthly"} <= found


def test_a_hierarchy_is_added_without_code(candidate: Path, tmp_path: Path) -> None:
    added = """hierarchies:
  landings_sum_to_the_table:
    severity: warn
    reason: The histogram holds every accepted row.
    advice: Build lateness again.
    parent: {mart: conservation_daily, keys: [event_table], columns: [raw_rows]}
    child: {mart: lateness, keys: [event_table], columns: [accepted_rows]}
    keys: [event_table]
    columns: [rows]
"""
    project = project_with(tmp_path, ("hierarchies:\n", added))
    result = audit(candidate, tmp_path, project)
    found = next(o for o in result.warnings if o.rule == "landings_sum_to_the_table")
    assert found.found == 5
    assert "in conservation_daily and" in found.message


def test_an_identity_that_is_declared_is_audited(candidate: Path, tmp_path: Path) -> None:
    identities = {
        **DECLARED.identities,
        "one_too_few": {"result": "revenue", "factors": ["requests", "pvr", "asn", "ctr2"]},
    }
    declared = replace(DECLARED, variables={**DECLARED.variables, "identities": identities})
    result = audit(candidate, tmp_path, declarations=declared)
    broken = {outcome.mart for outcome in result.failures if outcome.rule == "identities_hold"}
    assert {"revenue_daily", "revenue_daily_by_segment", "search_metrics_daily"} <= broken
    assert "identity_status_is_complete" in {outcome.rule for outcome in result.failures}
