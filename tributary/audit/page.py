"""The page of an audit: one file, readable without a network, the verdict first."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from string import Template
from typing import Any

from tributary.audit.check import WHOLE
from tributary.audit.declarations import AuditError
from tributary.audit.outcome import AuditResult, RuleOutcome
from tributary.audit.suites import OVER_BATCH

TEMPLATE = Path(__file__).with_name("page.html")


def write_page(result: AuditResult, validated: Iterable[Any]) -> None:
    """Write the page of an audit, over one of an earlier audit.

    Args:
        result: what was found.
        validated: the validation results of Great Expectations, one for each suite.

    Raises:
        AuditError: the page cannot be written.
    """
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    text = environment.from_string(TEMPLATE.read_text("utf-8")).render(
        result=result,
        verdict=verdict(result),
        families=_by_family(result.rules),
        suites=list(_suites(validated)),
        parted=_parted,
        whole=WHOLE,
    )
    try:
        result.page.parent.mkdir(parents=True, exist_ok=True)
        result.page.write_text(text, "utf-8")
    except OSError as failed:
        raise AuditError(
            f"The page {result.page} cannot be written: {failed.strerror}. Free the place, or "
            "name another folder."
        ) from failed


def verdict(result: AuditResult) -> str:
    """The outcome of an audit in one sentence."""
    failed, warned = result.tally.blocked, result.tally.warned
    if failed:
        rules = "1 rule that blocks does" if failed == 1 else f"{failed} rules that block do"
        return f"Refused: {rules} not hold."
    if warned:
        return f"Passed, with {'1 rule' if warned == 1 else f'{warned} rules'} that warned."
    if result.tally.unjudged:
        return "Passed: every rule that could be judged holds."
    return "Passed: every rule holds."


def _parted(example: str) -> tuple[str, str]:
    """The key of an offending row, and what is wrong with it."""
    key, _, finding = example.partition(": ")
    return key, finding


def _by_family(outcomes: Iterable[RuleOutcome]) -> dict[str, dict[str, list[RuleOutcome]]]:
    families: dict[str, dict[str, list[RuleOutcome]]] = {}
    for outcome in outcomes:
        families.setdefault(outcome.family, {}).setdefault(outcome.rule, []).append(outcome)
    return families


def _suites(validated: Iterable[Any]) -> Iterator[dict[str, Any]]:
    for suite in validated:
        expectations = [
            {
                "kind": result.expectation_config.type.replace("_", " "),
                "asked": result.expectation_config.description,
                "observed": _observed(result),
                "success": bool(result.success),
                "query": _query(result),
            }
            for result in suite.results
        ]
        yield {
            "name": suite.suite_name,
            "expectations": expectations,
            "held": suite.statistics["successful_expectations"],
            "asked": suite.statistics["evaluated_expectations"],
        }


def _observed(result: Any) -> str:
    """What an expectation observed; of one that failed, as Great Expectations' renderer says it."""
    rows = (result.result or {}).get("details", {}).get("unexpected_rows")
    if rows is not None:
        found = sum(int(row["found"]) for row in rows)
        return f"{found:,} rows in {', '.join(row['mart'] for row in rows)}" if rows else "no row"
    if result.success:
        return f"{(result.result or {}).get('observed_value', 'no other value')}"
    from great_expectations.render.renderer.inline_renderer import InlineRenderer

    contents = InlineRenderer(render_object=result).get_rendered_content()
    return " ".join(_in_words(content) for content in contents if "observed" in str(content.name))


def _in_words(content: Any) -> str:
    value = content.value
    params = {name: param.get("value") for name, param in (value.params or {}).items()}
    return Template(value.template or "").safe_substitute(params)


def _query(result: Any) -> str | None:
    """The query of an expectation that did not hold, to be asked again by hand."""
    query = result.expectation_config.kwargs.get("unexpected_rows_query")
    if result.success or not query:
        return None
    plain = str(query).replace(OVER_BATCH, "").replace("\\:", ":")
    return plain.replace("{{", "{").replace("}}", "}")
