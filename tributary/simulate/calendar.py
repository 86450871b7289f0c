"""Promotions and holidays: when they fall, and what they do to traffic and prices."""

from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True)
class Season:
    """One wave of a promotion, or a holiday, with its effect as factors."""

    event_name: str
    event_type: str
    wave: str
    starts_on: date
    ends_on: date
    traffic: float
    fill: float
    conversion: float
    bid: float


# name, type, wave, first day, last day, then the factors on traffic, ad fill, conversion and bids.
_YEARLY = (
    ("new_year", "holiday", "", (1, 1), (1, 1), 1.15, 0.92, 0.90, 0.90),
    ("labour_day", "holiday", "", (5, 1), (5, 5), 1.18, 0.95, 1.05, 0.95),
    ("6.18", "promotion", "opening", (6, 1), (6, 3), 1.22, 1.06, 1.18, 1.20),
    ("6.18", "promotion", "final", (6, 16), (6, 18), 1.45, 1.10, 1.40, 1.38),
    ("national_day", "holiday", "", (10, 1), (10, 7), 1.20, 0.93, 1.02, 0.94),
    ("11.11", "promotion", "presale", (10, 20), (10, 24), 1.07, 1.03, 0.88, 1.10),
    ("halloween", "promotion", "", (10, 31), (10, 31), 1.06, 1.02, 1.04, 1.05),
    ("11.11", "promotion", "opening", (10, 31), (11, 2), 1.25, 1.07, 1.22, 1.24),
    ("culture_day", "holiday", "", (11, 3), (11, 3), 1.08, 0.96, 0.97, 0.96),
    ("11.11", "promotion", "warm_up", (11, 6), (11, 9), 1.05, 1.04, 0.90, 1.12),
    ("11.11", "promotion", "final", (11, 10), (11, 11), 1.60, 1.12, 1.48, 1.45),
    ("12.12", "promotion", "", (12, 12), (12, 12), 1.30, 1.06, 1.25, 1.22),
)
_MARGIN = timedelta(days=60)


def seasons_around(first: date, last: date) -> list[Season]:
    """Every promotion and holiday within two months of the days asked for, in order."""
    found = []
    for year in range(first.year - 1, last.year + 2):
        for name, kind, wave, starts, ends, *factors in _YEARLY:
            season = Season(name, kind, wave, date(year, *starts), date(year, *ends), *factors)
            if season.ends_on >= first - _MARGIN and season.starts_on <= last + _MARGIN:
                found.append(season)
    return sorted(found, key=lambda season: (season.starts_on, season.event_name, season.wave))


def seasons_on(seasons: list[Season], day: date) -> list[Season]:
    """What is on that day."""
    return [season for season in seasons if season.starts_on <= day <= season.ends_on]
