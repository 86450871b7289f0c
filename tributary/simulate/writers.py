"""Writes event rows as CSV or as Parquet by day, through Arrow and without a loop over rows."""

from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv
from pyarrow import parquet

from tributary.simulate.arrays import NULL_CODE, NULL_INT, AnyArray, BoolArray, IntArray
from tributary.simulate.schema import (
    EVENT_PREFIXES,
    EVENT_TIME,
    GARBLED_TEXT,
    TABLES,
    Column,
    Frame,
    IdSpace,
    Kind,
    id_bytes,
    join,
    rows_in,
    take,
)
from tributary.simulate.settings import SECONDS_PER_DAY
from tributary.simulate.world import World

_GROUP_ROWS = 1 << 20


class EventWriter(Protocol):
    """Takes the rows of one simulated day after the other."""

    def write_day(
        self, day: int, table: str, sound: list[Frame], garbled: list[tuple[str, Frame]]
    ) -> None:
        """Write one table's rows; `garbled` frames name the column whose text is unreadable."""

    def close(self) -> None:
        """Ends the files."""


class CsvWriter:
    """One file a table, in UTC text, NULL as nothing."""

    def __init__(self, world: World, ids: IdSpace, folder: Path) -> None:
        self._arrow = _Arrow(world, ids, pa.timestamp("s"), plain_text=True)
        self._files: dict[str, BinaryIO] = {}
        folder.mkdir(parents=True)
        for table, columns in TABLES.items():
            stream = (folder / f"{table}.csv").open("wb")
            stream.write((",".join(column.name for column in columns) + "\n").encode())
            self._files[table] = stream

    def write_day(
        self, day: int, table: str, sound: list[Frame], garbled: list[tuple[str, Frame]]
    ) -> None:
        """Appends the rows; no value of an event needs quotes."""
        self._append(table, self._arrow.table(table, join(sound)))
        for column, frame in garbled:
            rows = self._arrow.table(table, frame)
            kind = next(one.kind for one in TABLES[table] if one.name == column)
            text = pa.array([GARBLED_TEXT[kind]] * rows_in(frame), pa.string())
            self._append(table, rows.set_column(rows.column_names.index(column), column, text))

    def _append(self, table: str, rows: pa.Table) -> None:
        options = arrow_csv.WriteOptions(include_header=False, quoting_style="none")
        buffer = BytesIO()
        arrow_csv.write_csv(rows, buffer, options)
        self._files[table].write(buffer.getbuffer())

    def close(self) -> None:
        """Ends the files."""
        for stream in self._files.values():
            stream.close()


class ParquetWriter:
    """Files by table and UTC day of the row's own event time; rows that arrive a day or more after
    it are files of their own, named by the day of their arrival. Its types leave no room for
    garbled text.
    """

    def __init__(self, world: World, ids: IdSpace, folder: Path) -> None:
        self._arrow = _Arrow(world, ids, pa.timestamp("us"), plain_text=False)
        self._folder = folder
        for table in TABLES:
            (folder / table).mkdir(parents=True)

    def write_day(
        self, day: int, table: str, sound: list[Frame], garbled: list[tuple[str, Frame]]
    ) -> None:
        """Writes one file per UTC day that the rows touch."""
        frame = join(sound)
        time = frame[EVENT_TIME[table]]
        arrival = frame["ingested_at"]
        utc_day = np.where(time == NULL_INT, arrival, time) // SECONDS_PER_DAY
        if not len(utc_day):
            return
        first = int(utc_day.min())
        # Days from an event to its arrival, where that is a whole day or more; else 0.
        known = (arrival != NULL_INT) & (time != NULL_INT)
        waited = np.where(known, arrival - np.where(known, time, 0), 0)
        lag = np.where(waited >= SECONDS_PER_DAY, arrival // SECONDS_PER_DAY - utc_day, 0)
        file = ((utc_day - first) << 16) + lag
        order = np.argsort(file, kind="stable")
        start = 0
        for code, count in zip(*np.unique(file, return_counts=True), strict=True):
            date = np.datetime64(first + int(code >> 16), "D")
            days_later = int(code & 0xFFFF)
            arrived = f"-arrived-{date + days_later}" if days_later else ""
            target = self._folder / table / f"dt={date}"
            target.mkdir(exist_ok=True)
            rows = order[start : start + int(count)]
            self._write(table, frame, rows, target / f"part-{day:04d}{arrived}.parquet")
            start += int(count)

    def _write(self, table: str, frame: Frame, rows: IntArray, target: Path) -> None:
        """Rows as one file. No more of them than a row group has are Arrow at a time."""
        schema = self._arrow.table(table, take(frame, rows[:0])).schema
        options = {"compression": "zstd", "store_schema": False}
        with parquet.ParquetWriter(target, schema, **options) as sink:
            for start in range(0, len(rows), _GROUP_ROWS):
                group = take(frame, rows[start : start + _GROUP_ROWS])
                sink.write_table(self._arrow.table(table, group))

    def close(self) -> None:
        """Nothing is left open."""


class _Arrow:
    """Turns frames into Arrow tables."""

    def __init__(self, world: World, ids: IdSpace, time: pa.DataType, plain_text: bool) -> None:
        self._ids = ids
        self._time = time
        self._plain_text = plain_text
        self._words = {
            name: pa.array(words, pa.string()) for name, words in world.vocabularies.items()
        }

    def table(self, name: str, frame: Frame) -> pa.Table:
        """The rows of one table."""
        columns = TABLES[name]
        return pa.table({one.name: self._array(one, frame[one.name]) for one in columns})

    def _array(self, column: Column, values: AnyArray) -> pa.Array:
        if column.kind is Kind.ID:
            return self._id_array(column.detail, values)
        if column.kind is Kind.CODE:
            codes = pa.array(values.astype(np.int32), mask=values == NULL_CODE)
            array = pa.DictionaryArray.from_arrays(codes, self._words[column.detail])
            return array.dictionary_decode() if self._plain_text else array
        if column.kind is Kind.BOOLEAN:
            return pa.array(values == 1, mask=values == NULL_CODE)
        if column.kind is Kind.DOUBLE:
            return pa.array(values, mask=np.isnan(values))
        nulls = values == NULL_INT
        if column.kind is Kind.INTEGER:
            return pa.array(values, mask=nulls)
        seconds = pa.array(values, pa.timestamp("s"), mask=nulls)
        return seconds.cast(self._time)

    def _id_array(self, prefix: str, values: IntArray) -> pa.Array:
        if prefix == "*":
            letters = np.frombuffer(EVENT_PREFIXES.encode(), dtype=np.uint8)
            text = id_bytes(letters[values % 4 % 3], values // 4, self._ids.width(prefix))
        else:
            text = id_bytes(prefix, values, self._ids.width(prefix))
        length = text.shape[1]
        offsets = np.arange(len(values) + 1, dtype=np.int32) * np.int32(length)
        known: BoolArray = values != NULL_CODE
        return pa.StringArray.from_buffers(
            len(values),
            pa.py_buffer(offsets),
            pa.py_buffer(text),
            pa.py_buffer(np.packbits(known, bitorder="little")),
        )
