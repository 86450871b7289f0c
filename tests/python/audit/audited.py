"""A candidate made of the built seeds, and what may be done to a copy of it."""

import shutil
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import yaml

from tributary.audit import AuditResult, Declarations, audit_candidate
from tributary.audit.declarations import read_declarations

ROOT = Path(__file__).resolve().parents[3]
NOW = datetime(2026, 11, 16, 2, tzinfo=UTC)
"""The morning after the last day of the seeds, in Shanghai."""
DECLARED = read_declarations(ROOT, "events")


def changed(candidate: Path, folder: Path, sql: str) -> Path:
    """A copy of a candidate on which statements were run."""
    copy = folder / "changed.duckdb"
    shutil.copy(candidate, copy)
    with duckdb.connect(str(copy)) as connection:
        connection.execute(sql)
    return copy


def audit(
    candidate: Path,
    folder: Path,
    project: Path = ROOT,
    declarations: Declarations = DECLARED,
    now: datetime = NOW,
) -> AuditResult:
    """An audit of a candidate on the morning after its last day."""
    return audit_candidate(project, candidate, folder, declarations=declarations, now=now)


def project_with(folder: Path, *changes: tuple[str, str]) -> Path:
    """A folder with the project's audit.yml, in which each text is replaced by another, once."""
    text = (ROOT / "audit.yml").read_text("utf-8")
    for before, after in changes:
        assert before in text, before
        text = text.replace(before, after, 1)
    (folder / "audit.yml").write_text(text, "utf-8")
    return folder


def project_asking(folder: Path, rules: Iterable[str]) -> Path:
    """A folder with the project's audit.yml, in which all other rules are ignored."""
    book = yaml.safe_load((ROOT / "audit.yml").read_text("utf-8"))
    asked = {"contract_is_exact", *rules}
    if "distinct_counts_fit_their_parts" in asked:
        # It asks of every hierarchy that is asked for.
        asked |= book["hierarchies"].keys()
    for section in ("rules", "hierarchies"):
        for name, rule in book[section].items():
            if name not in asked:
                rule["severity"] = "ignore"
                rule.pop("marts", None)
    (folder / "audit.yml").write_text(yaml.safe_dump(book, allow_unicode=True), "utf-8")
    return folder


def severity(rule: str, before: str, after: str) -> tuple[str, str]:
    """A change of a rule's severity."""
    return f"  {rule}:\n    severity: {before}\n", f"  {rule}:\n    severity: {after}\n"
