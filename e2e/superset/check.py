"""Superset over the published marts, tried from nothing: every chart held against the marts, a
write refused, and a publication while it serves. Writes RESULT.md.

    make -C e2e/superset check
"""

import argparse
import csv
import math
import os
import platform
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb
from figures import FIGURES, FILTERED, FILTERED_BY, IN_THE_BUNDLE, Figure
from instance import HERE, PROGRAMS, USER, Instance, make, serving
from rest import RefusedError, Rest

ROOT = HERE.parents[1]
RESULT = HERE / "RESULT.md"
READERS = 3
RAISED_MICROS = 1_000
"""What the second publication has more of: each charge."""


@dataclass
class Result:
    """What was found.

    Attributes:
        lines: of RESULT.md, in Markdown.
        seconds: that each step took.
    """

    lines: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        """Say that a step is under way, and keep how long it took."""
        print(f"{step} …", flush=True)
        began = time.monotonic()
        yield
        self.seconds[step] = time.monotonic() - began

    def tell(self, line: str) -> None:
        """One more line."""
        self.lines.append(line)


def publish(events: Path, warehouse: Path) -> None:
    """One publication."""
    ended = subprocess.run(
        [
            *(sys.executable, "-m", "tributary", "run"),
            *("--events", str(events), "--warehouse", str(warehouse)),
        ],
        cwd=ROOT,
        env={**os.environ, "TRIBUTARY_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    if ended.returncode:
        sys.exit(f"tributary run ended with {ended.returncode}:\n{ended.stdout}{ended.stderr}")


def raise_charges(events: Path) -> None:
    """Have every charge in the reporting currency be a little more; refunds stay."""
    file = events / "events" / "charges.csv"
    with file.open(newline="") as lines:
        charges = list(csv.DictReader(lines))
    for charge in charges:
        if charge["currency"] == "CNY" and charge["amount_micros"].isdecimal():
            charge["amount_micros"] = str(int(charge["amount_micros"]) + RAISED_MICROS)
    with file.open("w", newline="") as lines:
        writer = csv.DictWriter(lines, list(charges[0]))
        writer.writeheader()
        writer.writerows(charges)


def asked_of(marts: Path, sql: str) -> list[Any]:
    """A row of the marts, without Superset."""
    with duckdb.connect(str(marts), read_only=True) as connection:
        ((*row,),) = connection.execute(sql).fetchall()
    return row


def is_same(one: Any, other: Any) -> bool:
    """Superset answers with floats."""
    return math.isclose(float(one), float(other), rel_tol=1e-12, abs_tol=1e-12)


def hold_figures(rest: Rest, marts: Path, result: Result) -> None:
    """Every chart's rows, and figures of each against the marts."""
    charts = rest.listed("chart")
    result.tell("| chart | figure | Superset | marts |\n|---|---|---:|---:|")
    for name in sorted(charts):
        rows = rest.chart(charts[name])
        assert rows, name
        assert name in {figure.chart for figure in FIGURES}, f"{name} is held against nothing"
    for figure in FIGURES:
        _hold(figure, rest.chart(charts[figure.chart]), marts, result)
    column, value = FILTERED_BY
    for figure in FILTERED:
        _hold(figure, rest.filtered(charts[figure.chart], column, value), marts, result)


def _hold(figure: Figure, rows: list[dict[str, Any]], marts: Path, result: Result) -> None:
    shown, expected = figure.shown(rows), asked_of(marts, figure.sql)[0]
    assert is_same(shown, expected), (figure, shown, expected)
    result.tell(
        f"| {figure.chart} | {figure.what} | {float(shown):,.6f} | {float(expected):,.6f} |"
    )


def hold_refusals(rest: Rest, result: Result) -> None:
    """What must not be possible, and in whose words it is not."""
    database = rest.listed("database")["tributary"]
    assert rest.sql(database, "select count(*) as days from revenue_daily")[0]["days"] > 0
    result.tell("| tried in SQL Lab | refused by | words |\n|---|---|---|")
    erase, peek = "delete from revenue_daily", "select * from read_text('/etc/hostname')"
    _refused(result, rest, database, erase, "Superset", "does not allow")
    rest.ask("put", f"/database/{database}", {"allow_dml": True})
    _refused(result, rest, database, erase, "DuckDB, once Superset lets it through", "read-only")
    rest.ask("put", f"/database/{database}", {"allow_dml": False})
    _refused(result, rest, database, peek, "DuckDB", "disabled")


def _refused(
    result: Result, rest: Rest, database: int, statement: str, who: str, sign: str
) -> None:
    try:
        rest.sql(database, statement)
    except RefusedError as refused:
        words = str(refused).partition(" LINE ")[0]
        assert sign in words, words
        result.tell(f"| `{statement}` | {who} | {words} |")
    else:
        raise AssertionError(f"{statement} was let through")


def publish_while_serving(
    address: str, password: str, events: Path, warehouse: Path, result: Result
) -> None:
    """Readers ask for a chart without pause while the next publication is built and takes over."""
    marts = warehouse / "marts.duckdb"
    total = "select sum(revenue) from revenue_daily where surface = '(all)'"
    before = float(asked_of(marts, total)[0])
    raise_charges(events)
    seen: list[tuple[float, float]] = []
    failed: list[Exception] = []
    is_over = threading.Event()

    def read() -> None:
        rest = Rest(address, USER, password)
        chart = rest.listed("chart")["Revenue"]
        while not is_over.is_set():
            try:
                seen.append((float(rest.chart(chart)[0]["revenue"]), time.monotonic()))
            except Exception as error:
                failed.append(error)

    readers = [threading.Thread(target=read) for _ in range(READERS)]
    for reader in readers:
        reader.start()
    with result.timed("`tributary run` while it serves"):
        publish(events, warehouse)
    published = time.monotonic()
    time.sleep(5)
    is_over.set()
    for reader in readers:
        reader.join()
    after = float(asked_of(marts, total)[0])
    assert not failed, failed[0]
    assert not is_same(before, after)
    assert all(is_same(value, before) or is_same(value, after) for value, _ in seen)
    fresh = [when for value, when in seen if is_same(value, after)]
    stale = [when for value, when in seen if is_same(value, before)]
    assert fresh and stale and all(is_same(value, after) for value, when in seen[-READERS:])
    result.tell(
        f"{READERS} readers asked for the chart Revenue {len(seen)} times meanwhile, without an "
        f"error: {len(stale)} times it was {before:,.6f}, of the publication before, and "
        f"{len(fresh)} times {after:,.6f}, of the new one; the old one was seen last "
        f"{max(stale) - published:+.1f} s from the end of the run."
    )


def report(result: Result, of: dict[str, str]) -> None:
    """RESULT.md, from what was found."""
    steps = "\n".join(f"| {step} | {taken:,.1f} |" for step, taken in result.seconds.items())
    facts = "\n".join(f"* {what}: {said}" for what, said in of.items())
    RESULT.write_text(
        "# What `make -C e2e/superset check` found\n\n"
        "Written by that command; nothing here is written by hand.\n\n"
        f"{facts}\n\n" + "\n".join(result.lines) + "\n\n## Seconds\n\n"
        f"| step | s |\n|---|---:|\n{steps}\n",
        "utf-8",
    )
    print(f"Held. {RESULT}")


def main() -> None:
    """All of it, in a folder that is taken away after."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path, help="Work here, and leave it.")
    kept = parser.parse_args().keep
    result, password = Result(), secrets.token_urlsafe(12)
    with tempfile.TemporaryDirectory(prefix="tributary-superset-") as made:
        place = (kept or Path(made)).resolve()
        events, warehouse = place / "events", place / "warehouse"
        shutil.copytree(ROOT / "seeds", events)
        with result.timed("`tributary run` on the seeds"):
            publish(events, warehouse)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        marts = warehouse / "marts.duckdb"
        instance = Instance(place / "superset", marts, password, port)
        with result.timed("fresh metadata, user and bundle"):
            make(instance)
        began = time.monotonic()
        with serving(instance) as server:
            result.seconds["server answers after"] = time.monotonic() - began
            rest = Rest(instance.address, USER, password)
            found = {kind: len(rest.listed(kind)) for kind in IN_THE_BUNDLE}
            assert found == IN_THE_BUNDLE, found
            counted = ", ".join(
                f"{number} {kind}{'' if number == 1 else 's'}" for kind, number in found.items()
            )
            result.tell(f"## Figures\n\nImported into a fresh metadata database: {counted}.\n")
            with result.timed("every chart, against the marts"):
                hold_figures(rest, marts, result)
            result.tell("\n## Refused\n")
            hold_refusals(rest, result)
            result.tell("\n## Published while it serves\n")
            publish_while_serving(instance.address, password, events, warehouse, result)
            with result.timed("every chart, against the new marts"):
                hold_figures(rest, marts, Result())
            result.tell("All figures above were held once more, against the new publication.")
            memory = _memory_mb(server.pid)
    report(
        result,
        {
            "Date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
            "Superset": _versions(),
            "The project": f"DuckDB {version('duckdb')}, Python {platform.python_version()}",
            "Machine": f"{len(os.sched_getaffinity(0))} cores",
            "Memory of the server after": f"{memory:,.0f} MB",
        },
    )


def _versions() -> str:
    names = ("apache-superset", "sqlalchemy", "duckdb-engine", "duckdb", "gunicorn")
    program = (
        "import sys; from importlib.metadata import version\n"
        "print(', '.join(f'{name} {version(name)}' for name in sys.argv[1:]))"
    )
    said = subprocess.run(
        [str(PROGRAMS / "python"), "-c", program, *names],
        capture_output=True,
        text=True,
        check=True,
    )
    return said.stdout.strip()


def _memory_mb(server: int) -> float:
    """Of the server's processes, resident."""
    listing = subprocess.run(
        ["ps", "-o", "rss=", "--pid", str(server), "--ppid", str(server)],
        capture_output=True,
        text=True,
        check=True,
    )
    return sum(int(line) for line in listing.stdout.split()) / 1024


if __name__ == "__main__":
    main()
