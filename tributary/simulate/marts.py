"""How the truth writes a mart: its columns once, then one list a row."""

Cell = str | int | None
Mart = dict[str, list[str] | list[list[Cell]]]


def mart(columns: tuple[str, ...], rows: list[list[Cell]]) -> Mart:
    """A mart of these columns."""
    return {"columns": list(columns), "rows": rows}


def as_int(value: object) -> int:
    """The value, for the type checker an integer."""
    assert isinstance(value, int)
    return value
