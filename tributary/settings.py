"""Where the project, its input and its warehouse are."""

import os
import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from urllib.parse import urlsplit

import yaml

from tributary.layout import fault_of_folder, has_reference
from tributary.spark import JAVA_HOME, is_installed, java_home

EVENTS = "TRIBUTARY_EVENTS"
SOURCE = "TRIBUTARY_SOURCE"
WAREHOUSE = "TRIBUTARY_WAREHOUSE"
MEMORY_LIMIT = "TRIBUTARY_MEMORY_LIMIT"
DEFAULT_MEMORY = "4GB"
THREADS = "TRIBUTARY_THREADS"
DEFAULT_THREADS = 2
KEEP_PUBLICATIONS = "TRIBUTARY_KEEP_PUBLICATIONS"
KEEP_RUNS = "TRIBUTARY_KEEP_RUNS"
ALERT_WEBHOOK = "TRIBUTARY_ALERT_WEBHOOK"
FROM = "TRIBUTARY_FROM"
TO = "TRIBUTARY_TO"
SOURCES = ("events", "ipinyou", "kddcup2012")
TARGETS = ("duckdb", "spark")


class SettingsError(Exception):
    """A setting that cannot be used; the message says which, and what to do."""


@dataclass(frozen=True)
class Settings:
    """Resolved settings of one run.

    Attributes:
        project: folder of the dbt project.
        events: folder or bucket with the raw tables.
        source: log format of the raw tables.
        warehouse: folder of the databases and reports.
        backfill: first and last landed day to build again, whatever changed; None: what changed
            within the lookback.
        target: the engine, as profiles.yml names it.
        keep_publications: how many publications are kept, the one that is served among them.
        keep_runs: how many runs' reports are kept.
        alert_webhook: where failures and warnings are posted; None: nowhere.
    """

    project: Path
    events: str
    source: str
    warehouse: Path
    backfill: tuple[date, date] | None = None
    target: str = TARGETS[0]
    keep_publications: int = 14
    keep_runs: int = 100
    alert_webhook: str | None = None

    @property
    def spark_folder(self) -> Path:
        """What Spark keeps where no cluster keeps it: tables, their catalog, its Java."""
        return self.warehouse / "spark"

    @property
    def built_into(self) -> str:
        """Where the marts are, in words."""
        is_spark = self.target == "spark"
        return "The Spark database marts" if is_spark else str(self.build_database)

    @property
    def build_database(self) -> Path:
        """The database that a build writes."""
        return self.warehouse / "build.duckdb"

    @property
    def options(self) -> str:
        """The command line options that name these settings, as far as they are not usual."""
        usual = {
            "--events": (self.events, str(self.project / "seeds")),
            "--source": (self.source, SOURCES[0]),
            "--warehouse": (str(self.warehouse), str(self.project / "warehouse")),
            "--target": (self.target, TARGETS[0]),
        }
        return "".join(
            f" {option} {shlex.quote(value)}"
            for option, (value, default) in usual.items()
            if value != default
        )

    @property
    def lacks_reference(self) -> bool:
        """No reference table lies with the events; of a bucket, and of other logs, not known."""
        is_known = "://" not in self.events and self.source == SOURCES[0]
        return is_known and not has_reference(self.project, Path(self.events))

    @property
    def reporting_currency(self) -> str:
        """Currency of every revenue figure, from the project's variables."""
        declared = yaml.safe_load((self.project / "dbt_project.yml").read_text("utf-8"))
        return str(declared["vars"]["reporting_currency"])

    @contextmanager
    def exported(self) -> Iterator[None]:
        """Hand the settings to dbt, which reads them from the environment, while it runs."""
        given = {EVENTS: self.events, SOURCE: self.source, WAREHOUSE: str(self.warehouse)}
        if self.target == "spark":
            given[JAVA_HOME] = str(java_home(self.spark_folder))
        if self.backfill:
            given |= {FROM: self.backfill[0].isoformat(), TO: self.backfill[1].isoformat()}
        before = {name: os.environ.get(name) for name in given}
        os.environ.update(given)
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value


def find_project(start: Path) -> Path:
    """Folder of the dbt project: `start` or the nearest folder above it, else this checkout.

    Raises:
        SettingsError: no dbt project is there.
    """
    for folder in (start, *start.parents, Path(__file__).resolve().parent.parent):
        project_file = folder / "dbt_project.yml"
        if project_file.is_file() and "name: tributary" in project_file.read_text("utf-8"):
            return folder
    raise SettingsError(
        f"No tributary project in {start} or above it. Run from inside the checkout."
    )


def resolve(
    events: str | None = None,
    source: str | None = None,
    warehouse: Path | None = None,
    backfill: tuple[datetime | None, datetime | None] = (None, None),
    target: str = TARGETS[0],
) -> Settings:
    """Settings from the options given, else from the environment, else the defaults.

    Relative folders are taken from where the command runs; the defaults from the project.

    Raises:
        SettingsError: there is no project or no such folder, the folder is one level too deep, the
            log format is unknown, the memory limit is no size, the threads no number, the engine is
            unknown or not installed, the backfill has no beginning or ends before it, a number to
            keep is none, or the webhook is no address.
    """
    project = find_project(Path.cwd())
    given_events = events or os.environ.get(EVENTS)
    given_source = source or os.environ.get(SOURCE, "events")
    if given_source not in SOURCES:
        raise SettingsError(
            f"{SOURCE} is {given_source!r}; it must be one of {', '.join(SOURCES)}."
        )
    if target not in TARGETS:
        raise SettingsError(f"--target is {target!r}; it must be one of {', '.join(TARGETS)}.")
    if target == "spark" and not is_installed():
        raise SettingsError("Spark is not installed: uv sync --extra spark.")
    memory = memory_limit()
    if not re.fullmatch(r"\d+(\.\d+)? ?([KMGT]i?B|%)", memory, re.IGNORECASE):
        raise SettingsError(
            f"{MEMORY_LIMIT} is {memory!r}; write a size, such as {DEFAULT_MEMORY}."
        )
    _count(THREADS, DEFAULT_THREADS)
    located = _absolute(given_events) if given_events else str(project / "seeds")
    if "://" not in located and not Path(located).is_dir():
        raise SettingsError(
            f"There is no folder {located}. Name the one that holds events/, with --events or "
            f"{EVENTS}."
        )
    is_local = "://" not in located
    too_deep = is_local and given_source == SOURCES[0] and fault_of_folder(project, Path(located))
    if too_deep:
        raise SettingsError(too_deep)
    return Settings(
        project=project,
        events=located,
        source=given_source,
        warehouse=warehouse_at(warehouse),
        backfill=_backfill(*backfill),
        target=target,
        keep_publications=_count(KEEP_PUBLICATIONS, Settings.keep_publications),
        keep_runs=_count(KEEP_RUNS, Settings.keep_runs),
        alert_webhook=alert_webhook(),
    )


def without_events(warehouse: Path | None) -> Settings:
    """Settings of a command that reads no events: it works where their folder is away.

    Raises:
        SettingsError: as `resolve`, but for what it says of events.
    """
    project = find_project(Path.cwd())
    settings = resolve(events=str(project), source=SOURCES[0], warehouse=warehouse)
    return replace(settings, events="(none)")


def warehouse_at(given: Path | None) -> Path:
    """The folder of the warehouse, as an option or the environment names it, or the project's own.

    Raises:
        SettingsError: none is named, and no project is there.
    """
    named = given or os.environ.get(WAREHOUSE)
    return Path(named).absolute() if named else find_project(Path.cwd()) / "warehouse"


def memory_limit() -> str:
    """The engine's memory, as it is set."""
    return os.environ.get(MEMORY_LIMIT, DEFAULT_MEMORY)


def _count(name: str, default: int) -> int:
    given = os.environ.get(name, str(default))
    if not given.isdecimal() or int(given) < 1:
        raise SettingsError(f"{name} is {given!r}; write a number, 1 or more.")
    return int(given)


def alert_webhook() -> str | None:
    """Where alerts are posted; None: nowhere.

    Raises:
        SettingsError: what is set is no address. It is not repeated: it may hold a secret.
    """
    given = os.environ.get(ALERT_WEBHOOK) or None
    if given and not _is_address(given):
        raise SettingsError(
            f"{ALERT_WEBHOOK} is no address, and nobody would be told. Write one such as "
            "https://host/path, without blanks."
        )
    return given


def _is_address(given: str) -> bool:
    try:
        parts = urlsplit(given)
        # Asking for the port is what finds one that is no number.
        has_host = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and has_host and not re.search(r"\s", given)


def _backfill(first: datetime | None, last: datetime | None) -> tuple[date, date] | None:
    if first is None:
        if last is not None:
            raise SettingsError("--to is given without --from; name the first day as well.")
        return None
    days = first.date(), (last or first).date()
    if days[1] < days[0]:
        raise SettingsError(
            f"--from is {days[0]} and --to is {days[1]}; the first day comes first."
        )
    return days


def _absolute(location: str) -> str:
    is_remote = "://" in location
    return location if is_remote else str(Path(location).resolve())
