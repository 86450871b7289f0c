"""Audit a candidate: make the rules, let Great Expectations run them, say what it found."""

import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tributary.audit import engine
from tributary.audit.check import SCHEMA, WHOLE, Check, Native, table
from tributary.audit.checks import all_checks, contract
from tributary.audit.declarations import AuditError, Declarations, read_declarations
from tributary.audit.outcome import AuditResult, RuleOutcome
from tributary.audit.rulebook import Rule, Rulebook, read_rulebook
from tributary.audit.sql import listed, name, quoted, summed_by_mart

PAGE = "audit.html"
CATALOG = (
    "select table_schema, table_name, column_name from information_schema.columns"
    f" where table_schema = '{SCHEMA}'"
)


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
        candidate: DuckDB file with the marts in schema `marts`.
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
    with engine.opened(candidate) as (context, source):
        audit = _Audit(rulebook, context, source)
        outcomes = audit.of_contract(contract.checks(declared), declared)
        outcomes += audit.of_content(checks, declared)
        results = audit.results
    outcomes.sort(key=lambda found: (found.passed, found.severity != "block"))
    result = AuditResult(
        candidate=candidate,
        audited_at=at.astimezone(UTC).isoformat(timespec="seconds"),
        rules=tuple(outcomes),
        page=report_folder / PAGE,
        seconds=round(time.monotonic() - started, 3),
    )
    from tributary.audit.page import write_page

    write_page(result, results)
    return result.model_copy(update={"seconds": round(time.monotonic() - started, 3)})


class _Audit:
    """One audit, while the candidate is open."""

    def __init__(self, rulebook: Rulebook, context: Any, source: Any) -> None:
        self.rulebook = rulebook
        self.context = context
        self.source = source
        self.catalog = _batch_of_query(source)
        self.results: list[Any] = []
        self.unusable: dict[str, str] = {}

    def of_contract(self, checks: list[Check], declared: Declarations) -> list[RuleOutcome]:
        """The outcomes of the contract; marts that lack a declared column are noted."""
        outcomes = list(self._outcomes(checks))
        broken = (
            "select * from (select mart, row_key, finding from ("
            + " union all ".join(part.sql for part in checks[0].parts)
            + ")) where finding not like 'stands at place%' and finding <> 'is not declared'"
        )
        for mart, key, finding in self._rows(broken):
            self.unusable.setdefault(mart, f"{key} {finding}")
        return outcomes

    def of_content(self, checks: list[Check], declared: Declarations) -> list[RuleOutcome]:
        """The outcomes of every other rule."""
        return list(self._outcomes(checks))

    def _outcomes(self, checks: Iterable[Check]) -> Iterator[RuleOutcome]:
        wanted = [check for check in checks if self._runs(check)]
        suites: dict[str, list[Check]] = {}
        for check in wanted:
            suites.setdefault(check.family, []).append(check)
        for family, members in suites.items():
            found = self._run(family, members)
            for check in members:
                yield from self._of_check(check, found)

    def _runs(self, check: Check) -> bool:
        rule = self.rulebook.rule(check.rule)
        return any(_severity(rule, mart) != "ignore" for mart in check.marts)

    def _usable(self, reads: Iterable[str]) -> str | None:
        """Why marts cannot be read; None: they can."""
        for mart in reads:
            if mart in self.unusable:
                return f"{mart}: {self.unusable[mart]}"
        return None

    def _run(self, family: str, checks: Sequence[Check]) -> dict[tuple[str, str], Any]:
        """Validate a family's suites; results by rule and mart, '' for a rule's own query."""
        gx = engine.great_expectations()
        suite = gx.ExpectationSuite(name=family)
        natives: dict[str, Any] = {}
        for check in checks:
            parts = [part.sql for part in check.parts if not self._usable(part.reads)]
            if parts:
                query = summed_by_mart(parts, self.rulebook.examples)
                suite.add_expectation(
                    engine.rows_expectation()(
                        unexpected_rows_query=_of_batch(query),
                        **self._described(check, ""),
                    )
                )
            for at, native in enumerate(check.natives):
                if self._usable([native.mart]):
                    continue
                expectation = getattr(gx.expectations, native.expectation)
                held = natives.setdefault(
                    native.mart, gx.ExpectationSuite(name=f"{family} of {native.mart}")
                )
                held.add_expectation(
                    expectation(**native.arguments, **self._described(check, f"{native.mart} {at}"))
                )
        found: dict[tuple[str, str], Any] = {}
        runs = [(self.catalog, suite)]
        runs += [(_batch_of_table(self.source, mart), held) for mart, held in natives.items()]
        for batch, held in runs:
            if not held.expectations:
                continue
            validated = batch.validate(held, result_format="COMPLETE")
            self.results.append(validated)
            for result in validated.results:
                meta = result.expectation_config.meta
                found[meta["rule"], meta["place"]] = result
        return found

    def _described(self, check: Check, place: str) -> dict[str, Any]:
        rule = self.rulebook.rule(check.rule)
        severities = {_severity(rule, mart) for mart in check.marts}
        return {
            "description": f"{check.rule}: {check.says}.",
            "severity": "critical" if "block" in severities else "warning",
            "meta": {"rule": check.rule, "place": place, "reason": rule.reason},
        }

    def _of_check(self, check: Check, found: dict[tuple[str, str], Any]) -> Iterator[RuleOutcome]:
        rule = self.rulebook.rule(check.rule)
        note = self._note(check)
        broken: dict[str, tuple[int, tuple[str, ...]]] = {}
        error: str | None = None
        result = found.get((check.rule, ""))
        if result is not None:
            error = _error(result)
            if error is None:
                for row in result.result.get("details", {}).get("unexpected_rows", []):
                    examples = tuple(str(row["examples"]).split("\n"))
                    broken[row["mart"]] = int(row["found"]), examples
        for mart in check.marts:
            severity = _severity(rule, mart)
            if severity == "ignore":
                continue
            reads = [part.reads for part in check.parts if part.mart == mart]
            unread = self._usable([read for part in reads for read in part] or [mart])
            failed, natives = error if check.parts else None, []
            for at, native in enumerate(check.natives):
                if native.mart == mart and (check.rule, f"{mart} {at}") in found:
                    outcome = found[check.rule, f"{mart} {at}"]
                    failed = failed or _error(outcome)
                    if not failed and not outcome.success:
                        natives.append(self._native_found(native, outcome))
            number, examples = broken.get(mart, (0, ()))
            number += sum(count for count, _ in natives)
            examples += tuple(text for _, texts in natives for text in texts)
            yield _outcome(check, rule, mart, severity, number, examples, unread or failed, note)

    def _native_found(self, native: Native, result: Any) -> tuple[int, tuple[str, ...]]:
        """How many rows broke a native expectation, and the first of them."""
        found = result.result
        column = native.arguments.get("column")
        if column is None:
            return 1, (f"rows: {found['observed_value']}",)
        allowed = ", ".join(quoted(str(value)) for value in native.arguments["value_set"])
        rows = self._rows(
            f"select {listed([column])} || ': stands in ' || count(*) || ' rows'"
            f" from {table(native.mart)} where {name(column)} not in ({allowed})"
            f" group by {name(column)} order by 1 limit {self.rulebook.examples}"
        )
        return int(found["unexpected_count"]), tuple(str(row[0]) for row in rows)

    def _note(self, check: Check) -> str | None:
        if not check.note or self._usable(read for part in check.parts for read in part.reads):
            return None
        return next((str(row[0]) for row in self._rows(check.note)), None)

    def _rows(self, query: str) -> list[Any]:
        import sqlalchemy

        executed = self.source.get_execution_engine().execute_query(sqlalchemy.text(_bound(query)))
        return list(executed.fetchall())


def _batch_of_query(source: Any) -> Any:
    asset = source.add_query_asset("the catalog", query=CATALOG)
    return asset.add_batch_definition_whole_table("now").get_batch()


def _batch_of_table(source: Any, mart: str) -> Any:
    asset = source.add_table_asset(f"{SCHEMA}.{mart}", table_name=mart, schema_name=SCHEMA)
    return asset.add_batch_definition_whole_table("now").get_batch()


def _bound(query: str) -> str:
    """A query in which SQLAlchemy finds no parameter to bind."""
    return query.replace(":", "\\:")


def _of_batch(query: str) -> str:
    """A query as Great Expectations wants it: braces doubled, its batch named.

    A rule asks across marts, so that no one batch is what it reads: the batch is the catalog, and
    the query holds as long as there is one.
    """
    escaped = _bound(query).replace("{", "{{").replace("}", "}}")
    return f"select * from (\n{escaped}\n) where exists (select 1 from {{batch}})"


def _severity(rule: Rule, mart: str) -> Any:
    return rule.marts.get(mart, rule.severity)


def _error(result: Any) -> str | None:
    raised = result.exception_info or {}
    infos = [raised] if "raised_exception" in raised else list(raised.values())
    for info in infos:
        if info.get("raised_exception"):
            return str(info.get("exception_message")).splitlines()[0][:300]
    return None


def _outcome(
    check: Check,
    rule: Rule,
    mart: str,
    severity: Any,
    found: int,
    examples: tuple[str, ...],
    unread: str | None,
    note: str | None,
) -> RuleOutcome:
    subject = "The candidate" if mart == WHOLE else mart
    if found:
        rows = "1 row" if found == 1 else f"{found:,} rows"
        first = f", the first {len(examples)}" if found > len(examples) else ""
        message = (
            f"{subject} breaks {check.rule}, which says that it {check.says}. {rows}{first}: "
            f"{' | '.join(examples)}."
        )
    elif unread:
        message = f"{subject} could not be asked whether it {check.says}: {unread}."
    else:
        message = f"{subject} {check.says}.{' ' + note if note else ''}"
    return RuleOutcome(
        rule=check.rule,
        family=check.family,
        mart=mart,
        severity=severity,
        passed=not found and not unread,
        checked=not unread or found > 0,
        found=found,
        says=check.says,
        note=note,
        message=message,
        examples=examples,
        reason=rule.reason,
        advice=rule.advice,
    )
