"""Audit a candidate: make the rules, let Great Expectations run them, say what it found."""

import time
from datetime import UTC, datetime
from pathlib import Path

from tributary.audit import engine
from tributary.audit.checks import all_checks, contract
from tributary.audit.declarations import AuditError, Declarations, read_declarations
from tributary.audit.outcome import AuditResult
from tributary.audit.page import write_page
from tributary.audit.rulebook import read_rulebook
from tributary.audit.suites import Suites

PAGE = "audit.html"


def check_rulebook(project: Path) -> None:
    """See that an audit can be made of the project's audit.yml and its marts' YAML.

    It takes a fraction of a second and needs no candidate, so that a run may ask before it builds.

    Raises:
        AuditError: audit.yml or the marts' YAML cannot be used; `audit_candidate` would say so.
    """
    all_checks(read_declarations(project), read_rulebook(project), datetime.now(UTC))


def audit_candidate(
    project: Path,
    candidate: Path,
    report_folder: Path,
    *,
    declarations: Declarations | None = None,
    now: datetime | None = None,
) -> AuditResult:
    """Audit a database that holds nothing but the served marts, before it is published.

    The candidate is opened read only and closed again. Nothing else is read but the project's YAML:
    not the build, nor an event.

    Args:
        project: folder of the dbt project; its audit.yml holds the severities.
        candidate: DuckDB file with the marts in schema `main`, as a publication has them.
        report_folder: where the page is written; made if it is not there.
        declarations: what the marts declare; None: read from the project.
        now: the moment against which freshness is judged, with a time zone; None: the clock's.

    Returns:
        Every outcome. `passed` says whether the candidate may be published.

    Raises:
        AuditError: audit.yml or the marts' YAML cannot be used, the candidate is missing or is no
            DuckDB database, or the page cannot be written.
    """
    started = time.monotonic()
    at = now or datetime.now(UTC)
    if at.tzinfo is None:
        raise AuditError("The moment of an audit needs a time zone: datetime.now(UTC), say.")
    rulebook = read_rulebook(project)
    declared = declarations or read_declarations(project)
    checks = all_checks(declared, rulebook, at)
    if not candidate.is_file():
        raise AuditError(f"There is no candidate {candidate} to audit. Build and export it first.")
    with engine.opened(candidate) as source:
        suites = Suites(rulebook, source)
        outcomes = suites.of_contract(contract.checks(declared))
        outcomes += suites.of_content(checks)
    outcomes.sort(key=lambda found: (found.passed, found.severity != "block"))
    result = AuditResult(
        candidate=candidate,
        audited_at=at.astimezone(UTC).isoformat(timespec="seconds"),
        rules=tuple(outcomes),
        page=report_folder / PAGE,
        seconds=round(time.monotonic() - started, 3),
    )
    write_page(result, suites.validated)
    return result.model_copy(update={"seconds": round(time.monotonic() - started, 3)})
