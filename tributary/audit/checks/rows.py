"""Single rows: grain, presence, signs, order, declared values and declared conditions."""

import re
from collections.abc import Iterator
from itertools import pairwise

from tributary.audit.check import Check, Native, Part, table
from tributary.audit.declarations import Declarations, Mart
from tributary.audit.rulebook import AmountsRule, ConstantRule, NotNullRule, OrderRule, Rules
from tributary.audit.sql import (
    as_text,
    listed,
    name,
    names,
    quoted,
    rows_that_break,
    values_that_break,
)

FAMILY = "rows"


def checks(declarations: Declarations, rules: Rules) -> list[Check]:
    """The checks of single rows."""
    return [
        _not_empty(declarations),
        _grain(declarations),
        _present(declarations, rules.values_are_present),
        _declared_values(declarations),
        _counts(declarations),
        _amounts(declarations, rules.amounts_are_not_negative),
        _ordered(declarations, rules.components_are_ordered),
        _constant(declarations, rules.attributes_are_constant),
        _conditions(declarations, warns=False),
        _conditions(declarations, warns=True),
        _days(declarations),
    ]


def key_of(mart: Mart) -> str:
    """Expression that names a row of a mart by its grain."""
    return listed(mart.grain or mart.names[:2])


def part_of(mart: Mart, conditions: list[tuple[str, str]], where: str | None = None) -> Part:
    """What must hold of each row of a mart, by itself."""
    sql = rows_that_break(mart.name, key_of(mart), conditions, table(mart.name), where)
    return Part(mart.name, sql, (mart.name,))


def _not_empty(declarations: Declarations) -> Check:
    return Check(
        "mart_is_not_empty",
        FAMILY,
        "has at least one row",
        natives=tuple(
            Native(mart.name, "ExpectTableRowCountToBeBetween", {"min_value": 1})
            for mart in declarations.marts.values()
            if any(mart.of_kind("has_rows"))
        ),
    )


def _grain(declarations: Declarations) -> Check:
    return Check(
        "grain_is_unique",
        FAMILY,
        "has one row for each value of its grain",
        tuple(
            Part(
                mart.name,
                f"select {quoted(mart.name)} as mart, {key_of(mart)} as row_key,"
                f" 'stands there ' || count(*) || ' times' as finding"
                f" from {table(mart.name)} group by {names(mart.grain)} having count(*) > 1",
                (mart.name,),
            )
            for mart in declarations.marts.values()
            if mart.grain
        ),
    )


def _present(declarations: Declarations, rule: NotNullRule) -> Check:
    parts = []
    for mart in declarations.marts.values():
        nullable = set(rule.nullable.get(mart.name, ()))
        wanted = [
            column.name
            for column in mart.columns
            if (
                column.name in mart.grain
                or column.is_count
                or (column.is_amount and column.additivity != "none")
                or any(test.column == column.name for test in mart.of_kind("not_null"))
            )
            and column.name not in nullable
        ]
        if wanted:
            sql = values_that_break(
                mart.name,
                key_of(mart),
                {column: {"is_there": f"{name(column)} is not null"} for column in wanted},
                "is_there",
                "label || ' is NULL'",
                table(mart.name),
            )
            parts.append(Part(mart.name, sql, (mart.name,)))
    return Check(
        "values_are_present", FAMILY, "has every key, count and amount in each row", tuple(parts)
    )


def _declared_values(declarations: Declarations) -> Check:
    return Check(
        "values_are_declared",
        FAMILY,
        "shows declared values only",
        natives=tuple(
            Native(
                mart.name,
                "ExpectColumnValuesToBeInSet",
                {"column": test.column, "value_set": list(test.arguments["values"])},
            )
            for mart in declarations.marts.values()
            for test in mart.of_kind("accepted_values")
        ),
    )


def _counts(declarations: Declarations) -> Check:
    return Check(
        "counts_are_not_negative",
        FAMILY,
        "counts nothing below 0",
        tuple(
            _not_negative(mart, [column.name for column in mart.columns if column.is_count])
            for mart in declarations.marts.values()
            if any(column.is_count for column in mart.columns)
        ),
    )


def _amounts(declarations: Declarations, rule: AmountsRule) -> Check:
    return Check(
        "amounts_are_not_negative",
        FAMILY,
        f"has no amount below 0 among {', '.join(rule.columns)}",
        tuple(
            _not_negative(mart, [column for column in rule.columns if column in mart.names])
            for mart in declarations.marts.values()
            if set(rule.columns) & set(mart.names)
        ),
    )


def _not_negative(mart: Mart, columns: list[str]) -> Part:
    sql = values_that_break(
        mart.name,
        key_of(mart),
        {column: {"shown": name(column)} for column in columns},
        "coalesce(shown >= 0, true)",
        f"label || ' is ' || {as_text('shown')}",
        table(mart.name),
    )
    return Part(mart.name, sql, (mart.name,))


def _ordered(declarations: Declarations, rule: OrderRule) -> Check:
    parts = []
    for mart in declarations.marts.values():
        conditions: dict[str, str] = {}
        for chain in rule.chains:
            shown = [column for column in chain if column in mart.names]
            for less, more in pairwise(shown):
                conditions[f"{name(less)} <= {name(more)}"] = (
                    f"{_is(less)} || {quoted(f' and above {more}, ')} || {as_text(name(more))}"
                )
        if conditions:
            parts.append(part_of(mart, list(conditions.items())))
    return Check(
        "components_are_ordered",
        FAMILY,
        "has no part larger than what it is a part of",
        tuple(parts),
    )


def _constant(declarations: Declarations, rule: ConstantRule) -> Check:
    parts = []
    for mart_name, keys in rule.attributes.items():
        mart = declarations.marts.get(mart_name)
        for key, columns in keys.items():
            if mart is None or not mart.has([key, *columns]):
                continue
            values = {column: f"count(distinct {as_text(name(column))})" for column in columns}
            conditions = [
                (f"{name(column)} = 1", f"{quoted(f'{column} has values: ')} || {name(column)}")
                for column in columns
            ]
            counted = ", ".join(f"{value} as {name(column)}" for column, value in values.items())
            relation = (
                f"(select {name(key)}, {counted} from {table(mart_name)} group by {name(key)})"
            )
            sql = rows_that_break(mart_name, listed([key]), conditions, relation)
            parts.append(Part(mart_name, sql, (mart_name,)))
    return Check(
        "attributes_are_constant",
        FAMILY,
        "says one thing of a key, wherever it stands",
        tuple(parts),
    )


def _conditions(declarations: Declarations, warns: bool) -> Check:
    parts = []
    for mart in declarations.marts.values():
        conditions = []
        for test in mart.of_kind("expression_holds"):
            if test.warns != warns:
                continue
            expression = test.arguments["expression"].strip()
            condition = f"({expression})"
            if test.where:
                condition = f"({test.where}) is not true or ({expression})"
            mentioned = [c for c in mart.names if _mentions(expression, c) and c not in mart.grain]
            conditions.append(
                (condition, f"{quoted(f'not so: {test.name} (')} || {listed(mentioned)} || ')'")
            )
        if conditions:
            parts.append(part_of(mart, conditions))
    if warns:
        says = "leaves nothing of what its YAML watches for"
        return Check("declared_findings_are_none", FAMILY, says, tuple(parts))
    says = "meets every condition that its YAML declares"
    return Check("declared_conditions_hold", FAMILY, says, tuple(parts))


def _days(declarations: Declarations) -> Check:
    return Check(
        "every_day_is_there",
        FAMILY,
        "has every day between its first and its last",
        tuple(_missing_days(declarations)),
    )


def _missing_days(declarations: Declarations) -> Iterator[Part]:
    for mart in declarations.marts.values():
        for test in mart.of_kind("no_day_is_missing"):
            day, each = test.arguments["day"], test.arguments.get("each", "'(all)'")
            where = test.arguments.get("where", "true")
            days = (
                f"(select distinct {each} as series, {day} as day from {table(mart.name)}"
                f" where {where})"
            )
            yield Part(
                mart.name,
                f"""select {quoted(mart.name)} as mart, {quoted(f"{day} ")} || day as row_key,
    'is missing' || case when series <> '(all)' then ' for ' || series else '' end as finding
from (
    select series.series, cast(unnest(generate_series(first_day, last_day, interval 1 day)) as date)
        as day
    from (select min(day) as first_day, max(day) as last_day from {days})
    cross join (select distinct series from {days}) as series
) as expected
where not exists (
    select 1 from {days} as days
    where days.day = expected.day and days.series is not distinct from expected.series
)""",
                (mart.name,),
            )


def _is(column: str) -> str:
    return f"{quoted(f'{column} is ')} || {as_text(name(column))}"


def _mentions(expression: str, column: str) -> bool:
    return re.search(rf"\b{re.escape(column)}\b", expression) is not None
