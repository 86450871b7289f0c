"""Where a CSV file stops being CSV: the line and column of the first fault."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class CsvFault:
    """The first place at which a file breaks RFC 4180.

    Attributes:
        line: line number, from 1.
        column: name of the column, or its number where the header has no name for it.
        what: the fault in words.
        remedy: what to do about it.
    """

    line: int
    column: str
    what: str
    remedy: str = (
        "Quote values that hold a comma, a quote or a line break, and double the quotes inside."
    )


def find_csv_fault(path: Path) -> CsvFault | None:
    """First fault of a comma-separated file with a header, or None where there is none.

    A record may span lines only inside quotes. Reads line by line, so that a large file costs no
    memory unless a quote is never closed.
    """
    with path.open("rb") as content:
        if content.read(len(_GZIP)) == _GZIP:
            return CsvFault(1, "number 1", "the file is compressed", "Decompress it.")
    with path.open(encoding="utf-8", errors="replace", newline="") as lines:
        header: list[str] = []
        ending = ""
        record = ""
        start = 0
        for number, line in enumerate(lines, start=1):
            start = start or number
            if "\0" in line:
                return CsvFault(start, "number 1", "the text is not UTF-8", "Write it in UTF-8.")
            record += line
            fields, fault, is_open = _split(record.rstrip("\r\n"))
            if fault:
                return CsvFault(start, _name(header, len(fields)), fault)
            if is_open:
                continue
            if not header:
                header, ending = fields, _ending(line)
            elif _ending(line) not in (ending, ""):
                what = f"the line ends with {_ending(line)}, the first one with {ending}"
                return CsvFault(start, _name(header, len(fields) - 1), what, _ONE_ENDING)
            elif len(fields) != len(header) and record.strip():
                what = f"{len(fields)} values where the header has {len(header)} columns"
                return CsvFault(start, _name(header, min(len(fields), len(header)) - 1), what)
            record, start = "", 0
        if record:
            fields, _, _ = _split(record)
            return CsvFault(start, _name(header, len(fields)), "a quote is opened and never closed")
    return None


_GZIP = b"\x1f\x8b"
_ONE_ENDING = "End every line of a file in one way: files of other systems are better not appended."


def _ending(line: str) -> str:
    return "CR LF" if line.endswith("\r\n") else "LF" if line.endswith("\n") else ""


def _split(record: str) -> tuple[list[str], str | None, bool]:
    """Fields before the fault or the end, the fault, and whether a quote is still open."""
    fields: list[str] = []
    position = 0
    while True:
        if record.startswith('"', position):
            end = _closing_quote(record, position + 1)
            if end is None:
                return fields, None, True
            after = end + 1
            if after < len(record) and record[after] != ",":
                return fields, "text follows a closing quote", False
            fields.append(record[position + 1 : end].replace('""', '"'))
        else:
            after = record.find(",", position)
            after = len(record) if after < 0 else after
            value = record[position:after]
            if '"' in value:
                return fields, "a quote stands inside an unquoted value", False
            fields.append(value)
        if after >= len(record):
            return fields, None, False
        position = after + 1


def _closing_quote(record: str, position: int) -> int | None:
    while True:
        end = record.find('"', position)
        if end < 0:
            return None
        if not record.startswith('"', end + 1):
            return end
        position = end + 2


def _name(header: list[str], index: int) -> str:
    return header[index] if index < len(header) else f"number {index + 1}"
