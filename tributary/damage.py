"""Finds the raw file behind an engine's error that names none."""

from pathlib import Path

import duckdb

_MOST_BYTES = 2_000_000_000
"""So much is read in search of a damaged file, the newest files first."""


def first_damaged_file(database: Path) -> str | None:
    """The newest Parquet file of the last build that cannot be read to its end, None without one.

    Its footer is whole, or the build would not have begun: only reading the data shows the damage.
    """
    # A third of a second to import, for what is seldom asked.
    import pyarrow
    import pyarrow.parquet

    for path in _newest_files(database):
        try:
            with pyarrow.parquet.ParquetFile(path) as file:
                for _ in file.iter_batches():
                    pass
        except (pyarrow.ArrowException, OSError):
            return path
    return None


def _newest_files(database: Path) -> list[str]:
    try:
        with duckdb.connect(str(database), read_only=True) as connection:
            found = connection.execute(
                "select path, bytes from state.files_now where path like '%.parquet' "
                "group by all order by max(modified_at) desc"
            ).fetchall()
    except duckdb.Error:
        return []
    chosen, total = [], 0
    for path, size in found:
        total += size
        if total > _MOST_BYTES or not Path(path).is_file():
            break
        chosen.append(str(path))
    return chosen
