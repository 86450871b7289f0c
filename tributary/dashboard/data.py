"""The rows of a page, asked of one publication."""

import re
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal
from math import isfinite
from typing import Any

import duckdb

from tributary.dashboard.pages import DashboardError, Dataset, Page
from tributary.metrics_page import columns_of_marts
from tributary.publish.manifest import Manifest
from tributary.publish.places import Places
from tributary.publish.publication import publications
from tributary.publish.reading import MARTS, has_mart
from tributary.publish.run import last_runs
from tributary.settings import Settings
from tributary.words import warned_in_words

_LAST_RUNS = 20
_SOURCES = re.compile(r"\b(?:from|join)\s+([a-z_0-9]+)")

Table = dict[str, Any]


@dataclass(frozen=True)
class Span:
    """The days that a site shows, and the first that is published."""

    since: date
    last: date
    first: date


def rows_of(marts: duckdb.DuckDBPyConnection, page: Page, span: Span, settings: Settings) -> Table:
    """{data: {columns, rows}} of a page, rows as lists.

    Raises:
        DashboardError: a query fails; the message says of which page and data.
    """
    return {
        name: _records(dataset, settings)
        if dataset.records
        else _asked(marts, f"{page.name}.{name}", dataset, span, settings)
        for name, dataset in page.data.items()
    }


def ask(marts: duckdb.DuckDBPyConnection, dataset: Dataset, span: Span) -> Any:
    """The answer to a dataset's query."""
    marts.execute(f"use {MARTS}")
    bound = {name: day for name, day in asdict(span).items() if f"${name}" in dataset.sql}
    return marts.execute(dataset.sql, bound)


def _is_of_earlier_code(
    marts: duckdb.DuckDBPyConnection, dataset: Dataset, settings: Settings
) -> bool:
    """A mart of the project's own, or a column of one, is not in what is published."""
    declared = dict(columns_of_marts(settings.project))
    sources = set(_SOURCES.findall(dataset.sql))
    missing = {mart for mart in sources if not has_mart(marts, mart)}
    if missing:
        return missing <= declared.keys()
    published = {
        mart: {column for column, *_ in marts.execute(f"describe {MARTS}.{mart}").fetchall()}
        for mart in sources & declared.keys()
    }
    return any(declared[mart] - columns for mart, columns in published.items())


def _asked(
    marts: duckdb.DuckDBPyConnection, name: str, dataset: Dataset, span: Span, settings: Settings
) -> Table:
    try:
        answer = ask(marts, dataset, span)
    except duckdb.Error as failed:
        is_unknown = isinstance(failed, (duckdb.CatalogException, duckdb.BinderException))
        if is_unknown and _is_of_earlier_code(marts, dataset, settings):
            # The page has a place for it, and says that it is empty.
            return {"columns": [], "rows": [], "is_missing": True}
        raise DashboardError(f"The data {name} cannot be asked of the marts: {failed}") from failed
    return {
        "columns": [column for column, *_ in answer.description],
        "rows": [[_plain(value) for value in row] for row in answer.fetchall()],
        "is_missing": False,
    }


def _records(dataset: Dataset, settings: Settings) -> Table:
    rows: list[list[Any]]
    if dataset.records == "publications":
        columns = ["run_id", "made_at", "first_day", "last_day", "rows", "audit", "state"]
        rows = [
            [
                one.manifest.run_id,
                _plain(one.manifest.made_at),
                _plain(one.manifest.first_day),
                _plain(one.manifest.last_day),
                sum(table.rows for table in one.manifest.tables.values()),
                _verdict(one.manifest),
                "served" if one.is_served else "kept",
            ]
            for one in publications(Places(settings.warehouse))
        ]
    else:
        columns = ["run_id", "began_at", "ending", "stage", "summary"]
        rows = [
            [report.run_id, _plain(report.began_at), report.ending, report.stage, report.summary]
            for report in last_runs(settings, _LAST_RUNS)
        ]
    return {"columns": columns, "rows": rows, "is_missing": False}


def _verdict(manifest: Manifest) -> str:
    warned = len(manifest.audit.warnings) if manifest.audit else 0
    told = warned_in_words(len(manifest.tests_warned), warned)
    return f"passed, {told}" if manifest.audit else "unknown"


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        # To the sixth place, which a double of up to nine digits before the point has as well.
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, str):
        # Line ends to a script, though not to JSON.
        return value.replace("\u2028", " ").replace("\u2029", " ")
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    return value.isoformat() if isinstance(value, date) else value
