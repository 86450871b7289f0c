"""Totals: children sum to their parent, exactly, and distinct counts fit between them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from tributary.audit.check import WHOLE, Check, Part, table
from tributary.audit.declarations import REFERENCE, AuditError, DataTest, Declarations, Mart
from tributary.audit.rulebook import Hierarchy, Side
from tributary.audit.sql import as_text, listed, name, names, quoted, rows_that_break

FAMILY = "totals"


def checks(declarations: Declarations, hierarchies: Mapping[str, Hierarchy]) -> list[Check]:
    """The checks of totals: of each declared hierarchy, and of what the marts' YAML adds up."""
    asked = {
        rule: hierarchy
        for rule, hierarchy in hierarchies.items()
        if {hierarchy.severity, *hierarchy.marts.values()} != {"ignore"}
    }
    made = [
        Check(rule, "hierarchies", _says(hierarchy), (_sums(rule, declarations, hierarchy),))
        for rule, hierarchy in asked.items()
    ]
    fits = [
        part
        for rule, hierarchy in asked.items()
        if not hierarchy.one_to_one
        for part in _distinct_counts(rule, declarations, hierarchy)
    ]
    return [
        *made,
        Check(
            "distinct_counts_fit_their_parts",
            FAMILY,
            "counts at least as many distinct members as its largest part and at most as many as "
            "all parts together",
            tuple(fits),
        ),
        Check(
            "declared_totals_agree",
            FAMILY,
            "adds up to what its YAML says that it adds up to",
            (*_declared(declarations), *_changes(declarations)),
        ),
    ]


def _says(hierarchy: Hierarchy) -> str:
    child, parent = hierarchy.child, hierarchy.parent
    parts = f"the rows of {child.mart}" if child.mart != parent.mart else "its parts"
    return f"equals the sum of {parts} in every column that adds up"


def sums_that_differ(
    mart: str,
    keys: Sequence[str],
    left: str,
    right: str,
    columns: Sequence[str],
    labels: tuple[str, str],
) -> str:
    """Rows on which two sides' sums differ; a side that lacks a key counts as 0.

    Args:
        mart: the mart that they are reported under.
        keys: names of the key columns.
        left: relation with the keys and `columns`, a row for each term.
        right: the same of the other side.
        columns: what is summed.
        labels: what the two sides are called.
    """
    key_columns = "".join(f"{name(key)}, " for key in keys)
    summed = ", ".join(
        f"coalesce(sum(case when side = 1 then {name(column)} end), 0) as s1_{at},"
        f" coalesce(sum(case when side = 2 then {name(column)} end), 0) as s2_{at},"
        f" count(*) - count({name(column)}) as n_{at}"
        for at, column in enumerate(columns)
    )
    picked = names([*keys, *columns])
    conditions = [
        (
            f"s1_{at} = s2_{at} and n_{at} = 0",
            f"{quoted(f'{column} is ')} || {as_text(f's1_{at}')} || {quoted(f' {labels[0]} and ')}"
            f" || {as_text(f's2_{at}')} || {quoted(f' {labels[1]}')}"
            f" || case when n_{at} > 0 then ', NULL among it' else '' end",
        )
        for at, column in enumerate(columns)
    ]
    grouped = f"group by {names(keys)}" if keys else ""
    relation = f"""(
    select {key_columns}{summed}
    from (
        select 1 as side, {picked} from {left}
        union all
        select 2 as side, {picked} from {right}
    ) {grouped}
)"""
    return rows_that_break(mart, listed(keys), conditions, relation)


def columns_of(rule: str, declarations: Declarations, hierarchy: Hierarchy) -> list[str]:
    """The columns that a hierarchy adds up, as its parent calls them.

    Raises:
        AuditError: the hierarchy names a mart or a column that is not declared, or adds up nothing.
    """
    parent, child = (
        _mart(rule, declarations, side) for side in (hierarchy.parent, hierarchy.child)
    )
    for mart, side in ((parent, hierarchy.parent), (child, hierarchy.child)):
        named = [*(side.keys or hierarchy.keys), *(side.columns or hierarchy.columns or [])]
        missing = [column for column in named if column not in mart.names]
        if missing:
            raise AuditError(
                f"audit.yml: hierarchies.{rule}: {mart.name} has no column {missing[0]!r}. Its "
                f"columns are {', '.join(mart.names)}."
            )
    for side in (hierarchy.parent, hierarchy.child):
        if len(side.keys or hierarchy.keys) != len(hierarchy.keys):
            raise AuditError(
                f"audit.yml: hierarchies.{rule}: {side.mart} is given as many keys as there are "
                f"others: {', '.join(hierarchy.keys)}."
            )
    if hierarchy.columns:
        return hierarchy.columns
    wanted = ("additive", "distinct") if hierarchy.one_to_one else ("additive",)
    shared = [
        column.name
        for column in parent.columns
        if column.additivity in wanted and column.name in child.names
    ]
    if not shared:
        raise AuditError(
            f"audit.yml: hierarchies.{rule}: {parent.name} and {child.name} share no additive "
            "column. Name the columns with `columns`."
        )
    return shared


def _mart(rule: str, declarations: Declarations, side: Side) -> Mart:
    if side.mart not in declarations.marts:
        raise AuditError(
            f"audit.yml: hierarchies.{rule} names the mart {side.mart!r}. Write one of "
            f"{', '.join(declarations.marts)}."
        )
    return declarations.marts[side.mart]


def _side(
    declarations: Declarations,
    side: Side,
    keys: Sequence[str],
    columns: Sequence[str],
    extra: Sequence[str] = (),
) -> str:
    own_keys, own_columns = side.keys or keys, side.columns or columns
    picked = [
        *(f"{name(own)} as {name(key)}" for own, key in zip(own_keys, keys, strict=True)),
        *(f"{name(own)} as {name(c)}" for own, c in zip(own_columns, columns, strict=True)),
        *extra,
    ]
    where = f" where {declarations.render(side.where)}" if side.where else ""
    return f"(select {', '.join(picked)} from {table(side.mart)}{where})"


def _sides(
    declarations: Declarations, hierarchy: Hierarchy, columns: Sequence[str]
) -> tuple[list[str], str, str]:
    """Keys, parent and child as relations; with `each`, the parent once for each partition."""
    keys = list(hierarchy.keys)
    parent = _side(declarations, hierarchy.parent, keys, columns)
    if not hierarchy.each:
        return keys, parent, _side(declarations, hierarchy.child, keys, columns)
    each = hierarchy.each
    child = _side(declarations, hierarchy.child, keys, columns, [name(each.column)])
    partitions = f"select distinct {name(each.column)} from {child}"
    if each.values:
        values = declarations.variables.get(each.values)
        if not values:
            raise AuditError(
                f"audit.yml: a hierarchy takes its partitions from the variable {each.values!r}, "
                "which dbt_project.yml does not declare as a list."
            )
        listed_values = ", ".join(f"({quoted(str(value))})" for value in values)
        partitions = f"select * from (values {listed_values}) as partitions({name(each.column)})"
    return (
        [*keys, each.column],
        f"(select * from {parent} cross join ({partitions}))",
        child,
    )


def _sums(rule: str, declarations: Declarations, hierarchy: Hierarchy) -> Part:
    columns = columns_of(rule, declarations, hierarchy)
    keys, parent, child = _sides(declarations, hierarchy, columns)
    mart = hierarchy.parent.mart
    same = hierarchy.child.mart == mart
    labels = ("in total", "as the sum of its parts")
    if not same:
        labels = (f"in {mart}", f"in {hierarchy.child.mart}")
    sql = sums_that_differ(mart, keys, parent, child, columns, labels)
    # Rows that are 0 throughout differ in nothing, so that a part without a total is asked for.
    lonely = (
        f"select {quoted(mart)} as mart, {listed(keys)} as row_key,"
        f" {quoted(f'stands in {hierarchy.child.mart} and has no total')} as finding"
        f" from (select distinct {names(keys)} from {child}) as child"
        f" where not exists (select 1 from {parent} as parent where "
        + " and ".join(f"parent.{name(k)} is not distinct from child.{name(k)}" for k in keys)
        + ")"
    )
    reads = tuple(dict.fromkeys((mart, hierarchy.child.mart)))
    return Part(mart, f"{sql}\nunion all\n{lonely}", reads)


def _distinct_counts(rule: str, declarations: Declarations, hierarchy: Hierarchy) -> Iterator[Part]:
    parent = declarations.marts[hierarchy.parent.mart]
    child = declarations.marts[hierarchy.child.mart]
    columns = [
        column.name
        for column in parent.columns
        if column.additivity == "distinct" and column.name in child.names
    ]
    if not columns or hierarchy.parent.columns or hierarchy.child.columns:
        return
    keys, totals, parts = _sides(declarations, hierarchy, columns)
    limits = ", ".join(
        f"coalesce(max({name(column)}), 0) as most_{at},"
        f" coalesce(sum({name(column)}), 0) as all_{at}"
        for at, column in enumerate(columns)
    )
    joined = (
        f"(select totals.*, parts.* exclude ({names(keys)}) from {totals} as totals left join"
        f" (select {names(keys)}, {limits} from {parts} group by {names(keys)}) as parts on "
        + " and ".join(f"totals.{name(k)} is not distinct from parts.{name(k)}" for k in keys)
        + ")"
    )
    conditions = [
        (
            f"{name(column)} between coalesce(most_{at}, 0) and coalesce(all_{at}, 0)",
            f"{quoted(f'{column} is ')} || {as_text(name(column))} || ', of its parts the largest '"
            f" || {as_text(f'most_{at}')} || ' and the sum ' || {as_text(f'all_{at}')}",
        )
        for at, column in enumerate(columns)
    ]
    reads = tuple(dict.fromkeys((parent.name, child.name)))
    key = f"{quoted(f'{rule}, ')} || {listed(keys)}"
    yield Part(parent.name, rows_that_break(parent.name, key, conditions, joined), reads)


def _declared(declarations: Declarations) -> Iterator[Part]:
    for mart in declarations.marts.values():
        for test in mart.of_kind("values_add_up_to_total"):
            given = test.arguments
            dimension = name(given["dimension"])
            yield _agreement(
                mart,
                mart.name,
                test,
                given["columns"],
                given["columns"],
                (f"{dimension} <> '{WHOLE}'", f"{dimension} = '{WHOLE}'"),
            )
        for test in mart.of_kind("sums_equal_those_of"):
            given = test.arguments
            other = REFERENCE.fullmatch(str(given["to"]))
            if other and other[1] in declarations.marts:
                yield _agreement(
                    mart,
                    other[1],
                    test,
                    given["columns"],
                    given.get("other_columns") or given["columns"],
                    (given.get("where"), given.get("other_where")),
                )


def _changes(declarations: Declarations) -> Iterator[Part]:
    """Parts that add up to a change which each of their rows repeats."""
    for mart in declarations.marts.values():
        for test in mart.of_kind("parts_add_up_to_change"):
            given = test.arguments
            part, before, after = (name(given[one]) for one in ("part", "before", "after"))
            keys = list(given["keys"])
            change = "most_after - most_before"
            adds_up = f"parts = {change}"
            if given.get("tolerance"):
                size = "greatest(abs(most_before), abs(most_after), 1)"
                adds_up = f"abs(parts - ({change})) <= {given['tolerance']} * {size}"
            sums = (
                f"(select {names(keys)}, sum({part}) as parts, count(*) - count({part}) as nulls,"
                f" min({before}) as least_before, max({before}) as most_before,"
                f" min({after}) as least_after, max({after}) as most_after"
                f" from {table(mart.name)} group by {names(keys)})"
            )
            said = (
                f"'parts of it add up to ' || {as_text('parts')} || ' and it changed from '"
                f" || {as_text('most_before')} || ' to ' || {as_text('most_after')}"
            )
            condition = (
                f"{adds_up} and nulls = 0"
                " and least_before = most_before and least_after = most_after"
            )
            key = f"{quoted(f'{test.name}, ')} || {listed(keys)}"
            yield Part(
                mart.name, rows_that_break(mart.name, key, [(condition, said)], sums), (mart.name,)
            )


def _agreement(
    mart: Mart,
    other: str,
    test: DataTest,
    columns: Iterable[str],
    other_columns: Iterable[str],
    wheres: tuple[str | None, str | None],
) -> Part:
    keys = list(test.arguments.get("keys") or [])
    shown = list(columns)

    def side(relation: str, expressions: Iterable[str], where: str | None) -> str:
        picked = [names([key]) for key in keys]
        picked += [f"({e}) as {name(c)}" for e, c in zip(expressions, shown, strict=True)]
        kept = f" where {where}" if where else ""
        return f"(select {', '.join(picked)} from {table(relation)}{kept})"

    labels = ("here", f"in {other}" if other != mart.name else "on the other side")
    sql = sums_that_differ(
        mart.name,
        keys,
        side(mart.name, shown, wheres[0]),
        side(other, other_columns, wheres[1]),
        shown,
        labels,
    )
    told = f"select mart, {quoted(f'{test.name}, ')} || row_key as row_key, finding from ({sql})"
    return Part(mart.name, told, tuple(dict.fromkeys((mart.name, other))))
