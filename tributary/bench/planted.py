"""Which causes a benchmark of root causes plants: slices, factors and sizes, drawn from a seed."""

import random
from dataclasses import dataclass
from datetime import date, timedelta

from tributary.simulate.plants import slice_of
from tributary.simulate.settings import Plant

FIRST_DAY = date(2025, 1, 2)
"""With DAYS after it no promotion and no holiday of the simulated calendar: each day is judged."""
DAYS = 119
JUDGED_DAYS = 42

# Shares of revenue of slices in the simulated logs, about; truth.json says what a plant came to.
SINGLE = {
    "surface:search": 0.49,
    "surface:local": 0.43,
    "app_id:atlas": 0.51,
    "app_id:lantern": 0.36,
    "country_code:CN": 0.63,
    "country_code:US": 0.16,
    "country_code:JP": 0.15,
    "entry_point:query": 0.77,
    "device_type:phone": 0.82,
    "device_type:desktop": 0.11,
    "region_code:cn-sh": 0.15,
    "region_code:cn-bj": 0.15,
    "user_type:known": 0.88,
}
DOUBLE = {
    "surface:search;device_type:phone": 0.35,
    "surface:search;country_code:CN": 0.31,
    "surface:local;device_type:phone": 0.39,
    "surface:local;country_code:CN": 0.27,
    "app_id:atlas;country_code:CN": 0.32,
    "app_id:atlas;device_type:phone": 0.38,
    "app_id:lantern;country_code:CN": 0.23,
    "country_code:CN;device_type:phone": 0.52,
    "entry_point:query;country_code:CN": 0.48,
    "entry_point:query;device_type:phone": 0.60,
}
IMPACTS = (0.06, 0.12, 0.17, 0.24)
"""Shares of the day's revenue that a cause takes or brings, about."""
_FACTORS = ("requests", "pvr", "asn", "ctr2", "acp")
_MOST = {"requests": 0.8, "pvr": 0.8, "asn": 0.45, "ctr2": 0.9, "acp": 0.7}
_MOST_UP = {"requests": 1.0, "pvr": 0.3, "asn": 0.8, "ctr2": 1.0, "acp": 1.0}


@dataclass(frozen=True)
class Option:
    """A cause that can be planted, and what it would take of the day's revenue."""

    factor: str
    where: str
    size: float


def planted_days() -> list[date]:
    """Every other day of those that are judged: what lies between shows false causes."""
    last = FIRST_DAY + timedelta(days=DAYS - 1)
    return [last - timedelta(days=back) for back in range(0, JUDGED_DAYS, 2)][::-1]


def plants(seed: int) -> list[Plant]:
    """One cause a planted day: sizes, factors and dimensions in turn, slices by chance."""
    draw = random.Random(f"planted {seed}")
    found = []
    for number, day in enumerate(planted_days()):
        slices = DOUBLE if number % 2 else SINGLE
        impact = IMPACTS[number // 2 % len(IMPACTS)]
        options = _options(slices, _FACTORS[number % len(_FACTORS)], impact)
        chosen = draw.choice(options)
        found.append(Plant(chosen.factor, slice_of(chosen.where), chosen.size, day))
    return found


def _options(slices: dict[str, float], factor: str, impact: float) -> list[Option]:
    found = []
    for where, share in slices.items():
        size = round(impact / share, 3)
        if size <= _MOST[factor]:
            found += [Option(factor, where, -size)] * 3
        if size <= _MOST_UP[factor]:
            found.append(Option(factor, where, size))
    return found
