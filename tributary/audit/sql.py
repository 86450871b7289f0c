"""Pieces of SQL (DuckDB's) from which the checks are made."""

from collections.abc import Iterable, Mapping, Sequence


def quoted(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def name(column: str) -> str:
    """A column's name, whatever it is."""
    return '"' + column.replace('"', '""') + '"'


def names(columns: Iterable[str]) -> str:
    """Several columns, with commas."""
    return ", ".join(name(column) for column in columns)


def as_text(expression: str) -> str:
    """A value as exact text; NULL is said, not lost."""
    return f"coalesce(cast({expression} as varchar), 'NULL')"


def listed(columns: Sequence[str], relation: str = "") -> str:
    """Several columns and their values as one text: 'surface search, requests 12'."""
    if not columns:
        return "'the whole'"
    prefix = f"{relation}." if relation else ""
    parts = (f"{quoted(column + ' ')} || {as_text(prefix + name(column))}" for column in columns)
    return f"concat_ws(', ', {', '.join(parts)})"


def differ(left: str, right: str, label: str) -> tuple[str, str]:
    """A condition that two exact values agree, NULL with nothing but NULL, and what else to say."""
    said = f"{quoted(label + ' is ')} || {as_text(left)} || ' and not ' || {as_text(right)}"
    return f"{left} is not distinct from {right}", said


def rows_that_break(
    mart: str,
    key: str,
    conditions: Iterable[tuple[str, str]],
    relation: str,
    where: str | None = None,
) -> str:
    """Rows of a relation on which a condition does not hold, with every such condition.

    Args:
        mart: the mart that the rows are reported under.
        key: expression that names a row.
        conditions: pairs of a condition that must be true (NULL is not) and an expression of what
            is said where it is not.
        relation: what the rows are read from.
        where: which rows are looked at.
    """
    cases = ",\n        ".join(
        f"case when ({condition}) is not true then {said} end" for condition, said in conditions
    )
    kept = f" where {where}" if where else ""
    return (
        f"select {quoted(mart)} as mart, row_key, finding from (\n"
        f"    select {key} as row_key, concat_ws('; ',\n        {cases}\n    ) as finding\n"
        f"    from {relation}{kept}\n) where finding <> ''"
    )


def values_that_break(
    mart: str,
    key: str,
    values: Mapping[str, Mapping[str, str]],
    condition: str,
    said: str,
    relation: str,
) -> str:
    """Rows of a relation on which a condition does not hold of one of several like values.

    One condition over a list of values is planned in a fraction of the time of as many conditions.

    Args:
        mart: the mart that the rows are reported under.
        key: expression that names a row.
        values: what each value is called, and its expressions by field; the fields are the same.
        condition: what must be true of the fields (NULL is not).
        said: expression over the fields, and `label`, of what is said where it is not.
        relation: what the rows are read from.
    """
    structs = ",\n        ".join(
        "{'label': "
        + ", ".join([quoted(label), *(f"'{field}': {made}" for field, made in fields.items())])
        + "}"
        for label, fields in values.items()
    )
    return (
        f"select {quoted(mart)} as mart, row_key, "
        f"string_agg({said}, '; ' order by label) as finding\n"
        f"from (\n    select {key} as row_key, "
        f"unnest([\n        {structs}\n    ], recursive := true)\n"
        f"    from {relation}\n) where ({condition}) is not true group by row_key"
    )


def summed_by_mart(parts: Iterable[str], examples: int) -> str:
    """One row per mart with a finding: how many, and the first of them in the order of their text.

    Args:
        parts: queries of (mart, row_key, finding).
        examples: how many of them are told.
    """
    union = "\nunion all\n".join(f"select mart, row_key, finding from ({part})" for part in parts)
    return (
        "select mart, count(*) as found,\n"
        f"    array_to_string(min(row_key || ': ' || finding, {examples}), chr(10)) as examples\n"
        f"from (\n{union}\n) group by mart order by mart"
    )


def series_of_values(rows: Iterable[Sequence[str]], columns: Sequence[str]) -> str:
    """A relation of literal rows."""
    listed_rows = ", ".join(f"({', '.join(row)})" for row in rows)
    return f"(select * from (values {listed_rows}) as listed({names(columns)}))"
