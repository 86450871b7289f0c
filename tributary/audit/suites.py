"""The rules as suites of Great Expectations, and what they found, in words."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from tributary.audit import engine
from tributary.audit.check import SCHEMA, WHOLE, Check, Native, table
from tributary.audit.outcome import RuleOutcome
from tributary.audit.rulebook import Rule, Rulebook
from tributary.audit.sql import listed, name, quoted, summed_by_mart

CATALOG = (
    "select table_schema, table_name, column_name from information_schema.columns"
    f" where table_schema = '{SCHEMA}'"
)
OVER_BATCH = " cross join (select count(*) from {batch})"
"""Names the batch, as Great Expectations wants of every query, and changes no row."""


class Suites:
    """The suites of one audit, while the candidate is open.

    Attributes:
        validated: the validation results, one for each suite.
    """

    def __init__(self, rulebook: Rulebook, source: Any) -> None:
        self.rulebook = rulebook
        self.source = source
        self.catalog = _batch_of_query(source)
        self.validated: list[Any] = []
        self.unusable: dict[str, str] = {}

    def of_contract(self, checks: list[Check]) -> list[RuleOutcome]:
        """The outcomes of the contract; marts that lack a declared column are noted."""
        outcomes = list(self._outcomes(checks))
        if all(outcome.passed for outcome in outcomes):
            return outcomes
        broken = (
            "select * from (select mart, row_key, finding from ("
            + " union all ".join(part.sql for part in checks[0].parts)
            + ")) where finding not like 'stands at place%' and finding <> 'is not declared'"
        )
        for mart, key, finding in self._rows(broken):
            self.unusable.setdefault(mart, f"{key} {finding}")
        return outcomes

    def of_content(self, checks: list[Check]) -> list[RuleOutcome]:
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
            validated = batch.validate(held, result_format="SUMMARY")
            self.validated.append(validated)
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
        note, is_judged = self._note(check)
        result: Any = found.get((check.rule, ""))
        broken = _rows_by_mart(result) if result is not None else {}
        for mart in check.marts:
            severity = _severity(rule, mart)
            if severity == "ignore":
                continue
            reads = [read for part in check.parts if part.mart == mart for read in part.reads]
            unread = self._usable(reads or [mart])
            number, examples = broken.get(mart, (0, ()))
            if check.parts and unread is None:
                unread = _error(result) or _silent(result, broken)
            for at, native in enumerate(check.natives):
                if native.mart != mart or unread is not None:
                    continue
                outcome: Any = found.get((check.rule, f"{mart} {at}"))
                unread = _error(outcome)
                if unread is None and not outcome.success:
                    count, texts = self._native_found(native, outcome)
                    number, examples = number + count, examples + texts
            yield _outcome(check, rule, mart, severity, number, examples, unread, note, is_judged)

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

    def _note(self, check: Check) -> tuple[str | None, bool]:
        """What to add of a rule that holds, and whether it had enough to judge by."""
        if not check.note or self._usable(read for part in check.parts for read in part.reads):
            return None, True
        return next(((str(said), bool(judged)) for said, judged in self._rows(check.note)))

    def _rows(self, query: str) -> list[Any]:
        import sqlalchemy

        executed = self.source.get_execution_engine().execute_query(sqlalchemy.text(_bound(query)))
        return list(executed.fetchall())


def _batch_of_query(source: Any) -> Any:
    asset = source.add_query_asset("the catalog", query=CATALOG)
    return asset.add_batch_definition_whole_table("now").get_batch()


def _batch_of_table(source: Any, mart: str) -> Any:
    asset = source.add_table_asset(mart, table_name=mart)
    return asset.add_batch_definition_whole_table("now").get_batch()


def _bound(query: str) -> str:
    """A query in which SQLAlchemy finds no parameter to bind."""
    return query.replace(":", "\\:")


def _of_batch(query: str) -> str:
    """A query as Great Expectations wants it: braces doubled, its batch named.

    A rule asks across marts, so that no one batch is what it reads: the batch is the catalog, of
    which one row is counted whatever it holds.
    """
    escaped = _bound(query).replace("{", "{{").replace("}", "}}")
    return f"select found.* from (\n{escaped}\n) as found{OVER_BATCH}"


def _severity(rule: Rule, mart: str) -> Any:
    return rule.marts.get(mart, rule.severity)


def _rows_by_mart(result: Any) -> dict[str, tuple[int, tuple[str, ...]]]:
    rows = (result.result or {}).get("details", {}).get("unexpected_rows", [])
    return {
        row["mart"]: (int(row["found"]), tuple(str(row["examples"]).split("\n"))) for row in rows
    }


def _error(result: Any) -> str | None:
    """Why an expectation was not evaluated; None: it was."""
    if result is None:
        return "Great Expectations did not run it"
    raised = result.exception_info or {}
    infos = [raised] if "raised_exception" in raised else list(raised.values())
    for info in infos:
        if info.get("raised_exception"):
            return str(info.get("exception_message")).splitlines()[0][:300]
    return None


def _silent(result: Any, broken: dict[str, Any]) -> str | None:
    """What to say of an expectation that failed and names no row: it has not passed."""
    if result is None or result.success or broken:
        return None
    return "Great Expectations says that it failed, and names no row"


def _outcome(
    check: Check,
    rule: Rule,
    mart: str,
    severity: Any,
    found: int,
    examples: tuple[str, ...],
    unread: str | None,
    note: str | None,
    is_judged: bool,
) -> RuleOutcome:
    subject = "The candidate" if mart == WHOLE else mart
    if found:
        rows = "1 row" if found == 1 else f"{found:,} rows"
        first = ", among them" if found > len(examples) else ""
        message = (
            f"{subject} breaks {check.rule}, which says that it {check.says}. {rows}{first}: "
            f"{' | '.join(examples)}."
        )
    elif unread:
        message = f"{subject} could not be asked whether it {check.says}: {unread}."
    elif not is_judged:
        message = f"{subject} was not judged by {check.rule}. {note}"
    else:
        message = f"{subject} {check.says}.{' ' + note if note else ''}"
    return RuleOutcome(
        rule=check.rule,
        family=check.family,
        mart=mart,
        severity=severity,
        passed=not found and not unread,
        checked=not unread or found > 0,
        judged=is_judged or found > 0 or unread is not None,
        found=found,
        says=check.says,
        note=note,
        message=message,
        examples=examples,
        reason=rule.reason,
        advice=rule.advice,
    )
