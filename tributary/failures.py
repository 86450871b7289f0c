"""What went wrong in a build, in words: what, in which input, and what to do."""

import re
from pathlib import Path

from tributary.csv_faults import find_csv_fault
from tributary.disk import full_disk, is_full

_CSV_FILE = re.compile(
    r'(?:sniffing file|CSV Error.*?file = |file: )\s*"?([^"\n]+\.[a-z]+)"?\s*[.\n]', re.S
)
_BROKEN_PARQUET = re.compile(r"(?:file|File(?=.*too small)) '([^']+\.parquet)'")
_NO_EXTENSION = re.compile(r'Extension "(\w+)" is an existing extension')
_NOT_BUILT = re.compile(r'Table with name "?([\w.]+)"? does not exist because schema')
_STRAY_QUOTE = re.compile(r"CSV Error: a quote stands .*?file = ([^\n]+)", re.S)
_NOT_UTF8 = re.compile(r"not utf-8 encoded.*?file = (\S+)", re.S)
_LACKS_A_COLUMN = re.compile(r'Current file: (\S+)\s+Column with name: "([^"]+)" is missing')
_LOCKED = re.compile(r'Could not set lock on file "([^"]+)".*?PID (\d+)', re.S)
_UNWRITTEN = re.compile(r"""(?:write (?:to )?file|left on device:) ["']([^"'\n]+)["']""")
_OURS = re.compile(r"Compilation Error in operation [^\n]*\n\s*(.+?)\n\s*\n?\s*> in macro", re.S)


def explain(message: str) -> str:
    """The reader's version of an error that dbt or the engine raised.

    What the project's own checks say comes through as it is. The engine's errors on files that
    cannot be read are turned into the file, the place and the remedy. Anything else is returned
    unchanged.
    """
    if is_full(message):
        unwritten = _UNWRITTEN.search(message)
        return full_disk(unwritten.group(1) if unwritten else None)
    stray = _STRAY_QUOTE.search(message)
    if stray:
        return _explain_csv(Path(stray.group(1)), message)
    ours = _OURS.search(message)
    if ours:
        return " ".join(ours.group(1).split())
    locked = _LOCKED.search(message)
    if locked:
        return (
            f"{locked.group(1)} is held by another process (PID {locked.group(2)}). Wait until it "
            "ends, close the tool that has the build database open, or name another folder with "
            "TRIBUTARY_WAREHOUSE."
        )
    parquet = _BROKEN_PARQUET.search(message)
    if parquet:
        return (
            f"{parquet.group(1)} is no complete Parquet file (its footer cannot be read): it was "
            "cut short or is still being written. Copy it again, or take it out of the folder."
        )
    extension = _NO_EXTENSION.search(message)
    if extension:
        return (
            f"A bucket is read by DuckDB's extension {extension.group(1)}, which is not installed. "
            f"Install it once: uv run python -c 'import duckdb; duckdb.sql(\"install "
            f"{extension.group(1)}\")'"
        )
    missing = _NOT_BUILT.search(message)
    if missing:
        return (
            f"It reads {missing.group(1)}, which this warehouse does not have. Run once without "
            "--select, or put a + before the selector to build what it stands on."
        )
    lacking = _LACKS_A_COLUMN.search(message)
    if lacking:
        return (
            f"{lacking.group(1)} lacks the column {lacking.group(2)}, which other files of the "
            "table have. Write the file with it, empty where a value is unknown."
        )
    encoded = _NOT_UTF8.search(message)
    if encoded:
        line = re.search(r"CSV Error on Line: (\d+)", message)
        place = f", line {line.group(1)}" if line else ""
        return f"{encoded.group(1)}{place}: the text is not UTF-8. Write the file in UTF-8."
    csv = _CSV_FILE.search(message)
    if csv:
        return _explain_csv(Path(csv.group(1)), message)
    return message.strip()


def _explain_csv(path: Path, message: str) -> str:
    is_plain_csv = path.suffix == ".csv" and path.is_file()
    fault = find_csv_fault(path) if is_plain_csv else None
    if fault is None:
        return f"{path} cannot be read as CSV. {message.strip()}"
    return f"{path}, line {fault.line}, column {fault.column}: {fault.what}. {fault.remedy}"
