"""What of the schedule can be set."""

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from tributary.settings import Settings, SettingsError

CRON = "TRIBUTARY_CRON"
FIRST_DAY = "TRIBUTARY_FIRST_DAY"
WAIT = "TRIBUTARY_WAIT"
RETRY_AFTER = "TRIBUTARY_RETRY_AFTER"
_EPOCH = date(1970, 1, 1)
_DAY_FOLDER = re.compile(r"[^=]+=(\d{4}-\d{2}-\d{2})")


@dataclass(frozen=True)
class Options:
    """Resolved options of the schedule.

    Attributes:
        cron: when a run is due, UTC, as five fields.
        first_day: the first landed day that is a partition; None: the events do not lie by day,
            and there are no partitions.
        wait_s: how many seconds a run waits for another before it is tried again later.
        retry_after_s: seconds before the first retry; each further pause is longer.
    """

    cron: str = "30 1 * * *"
    first_day: date | None = None
    wait_s: float = 600
    retry_after_s: float = 60


def read_options(settings: Settings) -> Options:
    """The options from the environment, else the defaults.

    Raises:
        SettingsError: a time, a day or a number is none.
    """
    return Options(
        cron=_cron(),
        first_day=_first_day(settings.events),
        wait_s=_seconds(WAIT, Options.wait_s),
        retry_after_s=_seconds(RETRY_AFTER, Options.retry_after_s),
    )


def _cron() -> str:
    from dagster._utils.schedules import is_valid_cron_schedule

    given = os.environ.get(CRON) or Options.cron
    if not is_valid_cron_schedule(given):
        raise SettingsError(f"{CRON} is {given!r}; write five fields, such as {Options.cron}.")
    return given


def _first_day(events: str) -> date | None:
    given = os.environ.get(FIRST_DAY)
    if not given:
        # A folder of 1970-01-01 or before is a broken clock's.
        return min((day for day in _days_of_folders(events) if day > _EPOCH), default=None)
    try:
        return date.fromisoformat(given)
    except ValueError as failed:
        raise SettingsError(f"{FIRST_DAY} is {given!r}; write a day, such as 2026-11-15.") from (
            failed
        )


def _days_of_folders(events: str) -> Iterator[date]:
    """The days that folders of event logs are named after; a bucket is not walked through."""
    if "://" in events:
        return
    for pattern in ("events/*/*=*", "*/*=*"):
        for folder in Path(events).glob(pattern):
            named = _DAY_FOLDER.fullmatch(folder.name)
            if named and folder.is_dir():
                with suppress(ValueError):
                    yield date.fromisoformat(named[1])


def _seconds(name: str, default: float) -> float:
    given = os.environ.get(name, str(default))
    try:
        seconds = float(given)
    except ValueError:
        seconds = -1
    if not 0 <= seconds < float("inf"):
        raise SettingsError(f"{name} is {given!r}; write a number of seconds, 0 or more.")
    return seconds
