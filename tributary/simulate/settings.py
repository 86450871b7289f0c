"""What a run of the simulator is asked for, and the checks on it."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

REPORTING_OFFSET_SECONDS = 8 * 3600
"""Asia/Shanghai: no daylight saving, so one offset holds all year."""
REPORTING_CURRENCY = "CNY"
LOOKBACK_DAYS = 3

SECONDS_PER_DAY = 86_400
MOST_DAYS = 1_200
MOST_REQUESTS_PER_DAY = 5_000_000
MOST_SHARE = 0.2
ENOUGH_REQUESTS = 5_600
"""So many in all that the planted rows are a small enough share of each log for a run to accept."""
_EPOCH = date(1970, 1, 1)


class LogFormat(StrEnum):
    """File format of the event tables."""

    csv = "csv"
    parquet = "parquet"


def usual_requests_per_day(days: int) -> int:
    """As many as make enough in all, and 200 at least."""
    return max(200, -(-ENOUGH_REQUESTS // max(1, days)))


class SettingsError(ValueError):
    """An argument that no run can use."""


@dataclass(frozen=True)
class Plant:
    """A cause to be planted: a factor of a slice, changed on one day.

    Attributes:
        factor: what is changed; `plants` lists the factors.
        where: the slice, as (dimension, value).
        size: the change as a share of the factor: -0.3 for three tenths less.
        day: the reporting day.
    """

    factor: str
    where: tuple[tuple[str, str], ...]
    size: float
    day: date

    def as_record(self) -> dict[str, object]:
        """The plant, for the truth file."""
        return {
            "factor": self.factor,
            "where": dict(self.where),
            "size": self.size,
            "day": self.day.isoformat(),
        }


@dataclass(frozen=True)
class Settings:
    """One run of the simulator."""

    seed: int = 7
    days: int = 28
    start_date: date = date(2026, 10, 19)
    requests_per_day: int = 200
    log_format: LogFormat = LogFormat.csv
    missing_day: date | None = None
    clean: bool = False
    duplicates: float | None = None
    late: float | None = None
    corrections: float | None = None
    withdrawals: float | None = None
    plants: tuple[Plant, ...] = ()

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise SettingsError(f"--seed is {self.seed}; give a whole number of 0 or more.")
        if not 1 <= self.days <= MOST_DAYS:
            raise SettingsError(f"--days is {self.days}; give a number from 1 to {MOST_DAYS}.")
        if not 1 <= self.requests_per_day <= MOST_REQUESTS_PER_DAY:
            raise SettingsError(
                f"--requests-per-day is {self.requests_per_day}; "
                f"give a number from 1 to {MOST_REQUESTS_PER_DAY}."
            )
        if not 2000 <= self.start_date.year <= 2100:
            raise SettingsError(
                f"--start-date is {self.start_date}; give a day of the years 2000 to 2100."
            )
        if self.missing_day and not self.start_date <= self.missing_day <= self.last_date:
            raise SettingsError(
                f"--missing-day is {self.missing_day}; "
                f"give a day from {self.start_date} to {self.last_date}."
            )

        for plant in self.plants:
            if not self.start_date <= plant.day <= self.last_date or plant.day == self.missing_day:
                raise SettingsError(
                    f"--plant has the day {plant.day}; give a day from {self.start_date} to "
                    f"{self.last_date}{', but not the missing one' if self.missing_day else ''}."
                )

        for name, share in self.asked_shares.items():
            if not 0 <= share <= MOST_SHARE:
                raise SettingsError(f"--{name} is {share}; give a share from 0 to {MOST_SHARE}.")

    @property
    def asked_shares(self) -> dict[str, float]:
        """Shares of rows that come again, late, corrected or withdrawn, where asked for."""
        asked = {
            "duplicates": self.duplicates,
            "late": self.late,
            "corrections": self.corrections,
            "withdrawals": self.withdrawals,
        }
        return {name: share for name, share in asked.items() if share is not None}

    @property
    def requests(self) -> int:
        """How many requests all days have, about."""
        return self.days * self.requests_per_day

    @property
    def last_date(self) -> date:
        """The last day on which a request is made."""
        return self.start_date + timedelta(days=self.days - 1)

    @property
    def first_day_number(self) -> int:
        """The start date as days since 1970-01-01."""
        return (self.start_date - _EPOCH).days

    def date_of(self, day: int) -> date:
        """The date of a day index; the start date is 0."""
        return self.start_date + timedelta(days=day)

    def midnight_utc(self, day: int) -> int:
        """UTC second at which the reporting day begins."""
        return (self.first_day_number + day) * SECONDS_PER_DAY - REPORTING_OFFSET_SECONDS

    def as_record(self) -> dict[str, object]:
        """The arguments, for the truth file."""
        return {
            "seed": self.seed,
            "days": self.days,
            "start_date": self.start_date.isoformat(),
            "requests_per_day": self.requests_per_day,
            "format": self.log_format.value,
            "missing_day": self.missing_day.isoformat() if self.missing_day else None,
            "clean": self.clean,
            **self.asked_shares,
            # Only where asked for: the truth of any other run is byte for byte what it was.
            **({"plants": [plant.as_record() for plant in self.plants]} if self.plants else {}),
        }
