"""What audit.yml names, held against what the marts declare: a rule about nothing never fails."""

from collections.abc import Collection, Iterable, Iterator
from difflib import get_close_matches

from tributary.audit.check import Check
from tributary.audit.declarations import AuditError, Declarations
from tributary.audit.rulebook import Hierarchy, Rulebook, Rules


def refuse_unknown_names(
    declarations: Declarations, rulebook: Rulebook, checks: Iterable[Check]
) -> None:
    """See that each mart and column that audit.yml names is there, and of use where it stands.

    Args:
        declarations: what the marts declare.
        rulebook: what audit.yml declares.
        checks: every check that was made of the two, those of the contract among them.

    Raises:
        AuditError: some are not; the message has each of them, and what may stand there.
    """
    faults = [*_columns(declarations, rulebook.rules), *_severities(rulebook, checks)]
    if faults:
        raise AuditError("audit.yml cannot be used:\n" + "\n".join(f"  {one}" for one in faults))


def _columns(declarations: Declarations, rules: Rules) -> Iterator[str]:
    marts = declarations.marts.values()
    columns = [column for mart in marts for column in mart.columns]
    numbers = {c.name for c in columns if c.is_amount or c.is_count or c.is_double}
    for column in rules.amounts_are_not_negative.columns:
        if column not in numbers:
            what = "a number of any mart"
            yield _unknown("rules.amounts_are_not_negative.columns", column, what, numbers)
    shown = {column.name for column in columns}
    for chain in rules.components_are_ordered.chains:
        place = "rules.components_are_ordered.chains"
        unknown = [column for column in chain if column not in shown]
        for column in unknown:
            yield _unknown(place, column, "a column of any mart", shown)
        if not unknown and not any(len(set(chain) & set(mart.names)) > 1 for mart in marts):
            yield f"{place}: no mart has two of {', '.join(chain)}. Take the chain out."
    of_marts = {
        "rules.values_are_present.nullable": rules.values_are_present.nullable,
        "rules.attributes_are_constant.attributes": {
            mart: [one for key, others in keys.items() for one in (key, *others)]
            for mart, keys in rules.attributes_are_constant.attributes.items()
        },
    }
    for place, named in of_marts.items():
        for name, wanted in named.items():
            mart = declarations.marts.get(name)
            if mart is None:
                yield _unknown(place, name, "a mart", declarations.marts)
                continue
            for column in wanted:
                if column not in mart.names:
                    yield _unknown(f"{place}.{name}", column, "a column of it", mart.names)


def _severities(rulebook: Rulebook, checks: Iterable[Check]) -> Iterator[str]:
    about: dict[str, set[str]] = {}
    for check in checks:
        about.setdefault(check.rule, set()).update(check.marts)
    for name in (*Rules.model_fields, *rulebook.hierarchies):
        rule = rulebook.rule(name)
        kind = "hierarchies" if isinstance(rule, Hierarchy) else "rules"
        for mart in rule.marts:
            if mart not in about.get(name, ()):
                what = "a mart that the rule is about"
                yield _unknown(f"{kind}.{name}.marts", mart, what, about.get(name, ()))


def _unknown(place: str, word: str, what: str, known: Collection[str]) -> str:
    if not known:
        return f"{place}: {word!r} is not {what}. There is none: take it out."
    near = get_close_matches(word, known, n=5) or sorted(known)
    return f"{place}: {word!r} is not {what}. Write one of them, such as {', '.join(near)}."
