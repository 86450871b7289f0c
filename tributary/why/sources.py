"""Where the two periods come from: the published marts, or two files."""

import glob
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb

from tributary.audit.sql import name as quoted_name
from tributary.audit.sql import quoted
from tributary.publish.reading import MARTS, QuestionError, values
from tributary.why.identity import Identity

CHOSEN = "chosen"
"""The rows of both periods: dimension, slice, is_now and the identity's quantities."""
WHOLE = "(all)"
_MONEY = ("revenue", "action_value")
_READERS = {
    ".csv": "read_csv({file}, all_varchar = true, header = true)",
    ".tsv": "read_csv({file}, all_varchar = true, header = true)",
    ".json": "read_json({file}, sample_size = -1)",
    ".jsonl": "read_json({file}, sample_size = -1)",
    ".ndjson": "read_json({file}, sample_size = -1)",
    ".parquet": "read_parquet({file})",
}
_EXACT = "decimal(38, 12)"
_EXACT_DOUBLE = 2**53 // 10**6
_MOST = 10**15
"""What a value, or the sum of a file's values, stays below: beyond it the last places are lost."""


@dataclass(frozen=True)
class Days:
    """A period of days, both ends included."""

    first: date
    last: date

    def __str__(self) -> str:
        """As it is written in a sentence."""
        return f"{self.first}" if self.first == self.last else f"{self.first} to {self.last}"

    @property
    def length(self) -> int:
        """How many days it is long."""
        return (self.last - self.first).days + 1

    def overlaps(self, other: "Days") -> bool:
        """Whether a day is in both."""
        return self.first <= other.last and other.first <= self.last

    def weeks_before(self) -> "Days":
        """The same weekdays, as few whole weeks earlier as do not overlap."""
        shift = timedelta(days=-(-self.length // 7) * 7)
        return Days(self.first - shift, self.last - shift)


def choose_days(
    connection: duckdb.DuckDBPyConnection, identity: Identity, base: Days, now: Days, by: str | None
) -> None:
    """Take both periods from the published marts.

    Raises:
        QuestionError: a period has no day there, the dimension is none, or the identity counts
            distinct things, which no sum over several days gives.
    """
    if identity.distinct and max(base.length, now.length) > 1:
        raise QuestionError(
            f"{identity.name} needs {', '.join(identity.distinct)}, counted exactly for a day: no "
            "sum of days gives those of a longer period. Ask for one day against another, or use "
            "another identity."
        )
    columns = ", ".join(identity.quantities)
    when = f"requested_on between {quoted(str(now.first))} and {quoted(str(now.last))}"
    before = f"requested_on between {quoted(str(base.first))} and {quoted(str(base.last))}"
    connection.execute(
        f"""
        create temp table {CHOSEN} as
        select requested_on, '{WHOLE}' as dimension, '{WHOLE}' as slice, {when} as is_now, {columns}
        from {MARTS}.revenue_daily
        where surface = '{WHOLE}' and ({when} or {before})
        union all
        select requested_on, dimension, dimension_value, {when}, {columns}
        from {MARTS}.revenue_daily_by_segment
        where dimension = {quoted(by or "")} and ({when} or {before})
        """
    )
    for period, wanted in (("is_now", now), ("not is_now", base)):
        if not _count(connection, f"{period} and dimension = '{WHOLE}'"):
            raise QuestionError(f"The published marts have no day of {wanted}.")
    if by and (by == WHOLE or not _count(connection, f"dimension = {quoted(by)}")):
        known = ", ".join(values(connection, "dimension", "revenue_daily_by_segment", "true"))
        raise QuestionError(f"The marts report by no dimension {by!r}; they do by {known}.")


def days_missing(connection: duckdb.DuckDBPyConnection, base: Days, now: Days) -> list[str]:
    """What is to be said of days that have no data."""
    said = []
    for words, condition, wanted in (("now", "is_now", now), ("before", "not is_now", base)):
        there = _count(connection, f"{condition} and dimension = '{WHOLE}'")
        if there < wanted.length:
            said.append(f"{there} of the {wanted.length} days {words} ({wanted}) have data.")
    return said


def columns_of(connection: duckdb.DuckDBPyConnection, files: Sequence[Path]) -> list[str]:
    """The columns that all of the files have; each file is a view from then on.

    Raises:
        QuestionError: one is not there, is of no known format, cannot be read, or is empty.
    """
    found: list[list[str]] = []
    for number, file in enumerate(files):
        reader = _reader(file)
        try:
            described = connection.execute(f"describe select * from {reader}").fetchall()
            columns = [row[0] for row in described]
            if reader.startswith("read_json"):
                # Each value as it is written: as a number of the reader's choice it may be rounded.
                _refuse_rounded(connection, file, reader, described)
                texts = ", ".join(f"{quoted(column)}: 'varchar'" for column in columns)
                reader = f"{reader[:-1]}, columns = {{{texts}}})"
            connection.execute(
                f"create or replace temp view {_file(number)} as select * from {reader}"
            )
            filled = connection.execute(f"select count(*) from {_file(number)}").fetchone()
        except duckdb.Error as broken:
            raise QuestionError(f"{file} cannot be read: {_first_line(broken)}") from broken
        if not filled or not filled[0]:
            raise QuestionError(
                f"{file} has no rows: there is nothing to explain. Beside a header it needs at "
                "least one row of as many values."
            )
        # Names are told apart by more than their case.
        found.append([column.lower() for column in columns])
    there = [column for column in found[0] if all(column in others for others in found)]
    if not there:
        told = "; ".join(
            f"{file} has {', '.join(columns)}" for file, columns in zip(files, found, strict=True)
        )
        raise QuestionError(f"The files have no column in common: {told}.")
    return there


def choose_files(
    connection: duckdb.DuckDBPyConnection,
    identity: Identity,
    before: Path,
    after: Path,
    there: Sequence[str],
    by: str | None,
) -> None:
    """Take the periods from two files of additive components.

    Args:
        connection: the one in which `columns_of` has read the files.
        identity: what its quantities are added up for.
        before: the file of the one period, for what is said of it.
        after: that of the other.
        there: the columns of both, as `columns_of` told them.
        by: the column of the slices.

    Raises:
        QuestionError: a column is missing, a value is no number, a count is below 0, or a distinct
            count would have to be added up.
    """
    if by == WHOLE:
        raise QuestionError(f"{by} stands for all slices together: rename the column.")
    wanted = [*identity.quantities, *([by.lower()] if by else [])]
    if missing := [column for column in wanted if column not in there]:
        raise QuestionError(
            f"{before} and {after} have no column {', '.join(missing)} in common, which "
            f"{identity.formula} {'by ' + by if by else ''} needs. Their columns: "
            f"{', '.join(there)}."
        )
    for number, file in enumerate((before, after)):
        _refuse_twice(connection, identity, number, file)
        _check_values(connection, identity, number, file)
    values = ", ".join(
        f"coalesce(try_cast(trim(cast({quoted_name(one)} as varchar)) as {_EXACT}), 0) as {one}"
        for one in identity.quantities
    )
    slices = [(quoted(WHOLE), quoted(WHOLE))]
    if by:
        value = f"trim(cast({quoted_name(by)} as varchar))"
        slices.append((quoted(by), f"coalesce(nullif({value}, ''), '(unknown)')"))
    connection.execute(
        f"create temp table {CHOSEN} as "
        + " union all ".join(
            f"select {dimension} as dimension, {slice_} as slice, {is_now} as is_now, {values}"
            f" from {_file(number)}"
            for dimension, slice_ in slices
            for number, is_now in enumerate(("false", "true"))
        )
    )
    if identity.distinct and (by or _count(connection, "true") > 2):
        raise QuestionError(
            f"{identity.name} needs {', '.join(identity.distinct)}, a distinct count, and rows of "
            "it do not add up. Give files of one row each, without --by, or use another identity."
        )


def _refuse_rounded(
    connection: duckdb.DuckDBPyConnection,
    file: Path,
    reader: str,
    described: Sequence[tuple[str, ...]],
) -> None:
    """JSON has no numbers but doubles, of which a large one has no six decimals."""
    for column, kind, *_ in described:
        if kind != "DOUBLE":
            continue
        value = quoted_name(column)
        row = connection.execute(
            f"select {value} from {reader}"
            f" where abs({value}) >= {_EXACT_DOUBLE} and {value} <> round({value}) limit 1"
        ).fetchone()
        if row:
            raise QuestionError(
                f"{file}: {column} has numbers as large as {row[0]!r}, which JSON's readers round. "
                "Write them in quotes, or give the file as CSV."
            )


def _refuse_twice(
    connection: duckdb.DuckDBPyConnection, identity: Identity, number: int, file: Path
) -> None:
    """A reader takes the first of two columns of one name, and calls the other <name>_1."""
    if file.suffix.lower() not in (".csv", ".tsv"):
        return
    with file.open(encoding="utf-8", errors="replace") as lines:
        header = lines.readline().lower()
    read = connection.execute(f"describe {_file(number)}").fetchall()
    there = {column.lower() for column, *_ in read}
    for column in identity.quantities:
        if f"{column}_1" in there and f"{column}_1" not in header:
            raise QuestionError(f"{file} has two columns {column}. Leave one, or rename it.")


def _check_values(
    connection: duckdb.DuckDBPyConnection, identity: Identity, number_of_file: int, file: Path
) -> None:
    for column in identity.quantities:
        text = f"trim(cast({quoted_name(column)} as varchar))"
        number = f"try_cast({text} as {_EXACT})"
        is_wrong = f"({text} <> '' and {number} is null)"
        if column not in _MONEY:
            is_wrong += f" or {number} < 0"
        row = connection.execute(
            f"select {text}, count(*) over (), {number} is null from {_file(number_of_file)}"
            f" where {is_wrong} limit 1"
        ).fetchone()
        if row:
            what = "no number" if row[2] else "below 0"
            raise QuestionError(
                f"{file}: {column} is {what} in {row[1]:,} rows, such as {row[0]!r}. Mend the "
                "values, or leave the rows out."
            )

        row = connection.execute(
            f"select sum(abs(cast({number} as double))) from {_file(number_of_file)}"
        ).fetchone()
        if row and row[0] is not None and row[0] >= _MOST:
            raise QuestionError(
                f"{file}: the values of {column} come to {row[0]:.3g}, and contributions are exact "
                f"below {_MOST:.0e}. Give them in a larger unit, all of one kind."
            )


def _first_line(broken: duckdb.Error) -> str:
    """What the engine says, without its advice on options that are not to be had here."""
    return str(broken).splitlines()[0]


def _file(number: int) -> str:
    """The relation of one of the two files."""
    return f"file_{number}"


def _reader(file: Path) -> str:
    if not file.is_file():
        raise QuestionError(f"There is no file {file}.")
    if file.suffix.lower() not in _READERS:
        raise QuestionError(f"{file} is of no format that is read here: {', '.join(_READERS)}.")
    return _READERS[file.suffix.lower()].format(file=quoted(glob.escape(str(file))))


def _count(connection: duckdb.DuckDBPyConnection, condition: str) -> int:
    row = connection.execute(f"select count(*) from {CHOSEN} where {condition}").fetchone()
    return int(row[0]) if row else 0
