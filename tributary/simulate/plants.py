"""Causes planted on request: one factor of one slice is changed on one day, where it is made.

The change goes through the simulator's own process, so that all that follows from it follows:
fewer requests are fewer impressions, clicks and charges. Without a plant nothing here draws.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from tributary.simulate.arrays import NULL_CODE, BoolArray, FloatArray, IntArray, ints
from tributary.simulate.impressions import Impressions
from tributary.simulate.schema import APPS, DEVICE_TYPES, ENTRY_POINTS, SURFACES
from tributary.simulate.settings import Plant, SettingsError
from tributary.simulate.traffic import Requests
from tributary.simulate.world import COUNTRIES, REGION_COUNTRY, REGIONS, World

FACTORS = ("requests", "pvr", "asn", "ctr2", "acp")
_OF_REQUESTS = ("requests", "pvr", "asn")
UNKNOWN = "(unknown)"
_USER_TYPES = ("anonymous", "known")

VALUES: Mapping[str, tuple[str, ...]] = {
    "surface": SURFACES,
    "entry_point": ENTRY_POINTS,
    "app_id": (*APPS, UNKNOWN),
    "region_code": (*(region[0] for region in REGIONS), UNKNOWN),
    "country_code": (*COUNTRIES, UNKNOWN),
    "device_type": DEVICE_TYPES,
    "user_type": _USER_TYPES,
}
"""The dimensions by which a slice may be named, and their values in the simulated logs."""

EXAMPLE = "factor=ctr2,where=surface:search;device_type:phone,size=-30%,day=2027-01-12"
_MOST_PERCENT = 300.0
_MOST_CHANCE = 0.98


@dataclass(frozen=True)
class Planted:
    """What a plant came to.

    Attributes:
        plant: what was asked for.
        reached: the relative change of the factor in the slice, by what the day was made of: a
            share ends at 1, and a page with an ad has one at least.
        requests: requests of the slice on the day, before the change.
    """

    plant: Plant
    reached: float
    requests: int


def parse_plant(text: str) -> Plant:
    """A plant from the text of the option.

    Raises:
        SettingsError: something about it is no plant; the message says what, and what to write.
    """
    parts = dict(_pairs(text))
    missing = [name for name in ("factor", "where", "size", "day") if name not in parts]
    unknown = [name for name in parts if name not in ("factor", "where", "size", "day")]
    if missing or unknown:
        wrong = f"it lacks {', '.join(missing)}" if missing else f"it has {', '.join(unknown)}"
        raise SettingsError(f"--plant {text!r} cannot be planted: {wrong}. Write {EXAMPLE!r}.")
    factor = parts["factor"]
    if factor not in FACTORS:
        raise SettingsError(f"--plant has the factor {factor!r}; give one of {', '.join(FACTORS)}.")
    try:
        day = date.fromisoformat(parts["day"])
    except ValueError as error:
        raise SettingsError(
            f"--plant has the day {parts['day']!r}; write it as 2027-01-12."
        ) from error
    return Plant(factor, slice_of(parts["where"]), _size(parts["size"]), day)


def _pairs(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for part in text.split(","):
        name, equals, value = part.partition("=")
        if not equals or name.strip() in dict(found):
            why = "is no name=value" if not equals else "comes twice"
            raise SettingsError(
                f"--plant {text!r} cannot be read: {part.strip()!r} {why}. Write {EXAMPLE!r}."
            )
        found.append((name.strip(), value.strip()))
    return found


def slice_of(text: str) -> tuple[tuple[str, str], ...]:
    """The dimensions and values that a text such as surface:search;device_type:phone names.

    Raises:
        SettingsError: it names none, or one that the simulated logs do not have.
    """
    found: dict[str, str] = {}
    for part in text.split(";"):
        dimension, colon, value = (word.strip() for word in part.partition(":"))
        if not colon or dimension not in VALUES or dimension in found:
            raise SettingsError(
                f"--plant has {part.strip()!r} in where; write each dimension once, with one "
                "value, as in surface:search;device_type:phone. Dimensions are "
                f"{', '.join(VALUES)}."
            )
        if value not in VALUES[dimension]:
            raise SettingsError(
                f"--plant has the {dimension} {value!r}; give one of "
                f"{', '.join(VALUES[dimension])}."
            )
        found[dimension] = value
    return tuple((name, found[name]) for name in VALUES if name in found)


def _size(text: str) -> float:
    read = re.fullmatch(r"([+-]?\d+(?:\.\d+)?)%", text)
    percent = float(read.group(1)) if read else 0.0
    if not read or not percent or not -100 < percent <= _MOST_PERCENT:
        raise SettingsError(
            f"--plant has the size {text!r}; write a change in percent, such as -30% or +12.5%: "
            f"not 0%, above -100% and at most {_MOST_PERCENT:.0f}%."
        )
    return percent / 100


def plants_on(world: World, day: int) -> list[Plant]:
    """The plants of a day, as they were asked for."""
    date_of_day = world.settings.date_of(day)
    return [plant for plant in world.settings.plants if plant.day == date_of_day]


def change_requests(world: World, day: int, requests: Requests) -> tuple[Requests, list[Planted]]:
    """The day's requests with what is planted on their number and on their ads."""
    done = []
    for place, plant in enumerate(plants_on(world, day)):
        if plant.factor not in _OF_REQUESTS:
            continue
        rng = np.random.default_rng([world.settings.seed, 5, day, place])
        rows = _slice(plant, requests) & ~requests.doomed
        change = {"requests": _more_requests, "pvr": _more_pages, "asn": _more_ads}[plant.factor]
        requests, reached = change(plant.size, requests, rows, rng)
        done.append(Planted(plant, reached, int(rows.sum())))
    return requests, done


def change_impressions(
    world: World, day: int, requests: Requests, impressions: Impressions
) -> tuple[Impressions, list[Planted]]:
    """The day's impressions with what is planted on their clicks and prices."""
    done = []
    for plant in plants_on(world, day):
        if plant.factor in _OF_REQUESTS:
            continue
        of_slice = _slice(plant, requests) & ~requests.doomed
        rows = of_slice[impressions.request] & impressions.commercial
        before: FloatArray
        if plant.factor == "ctr2":
            before = impressions.click_chance
            after = np.where(rows, np.minimum(before * (1 + plant.size), _MOST_CHANCE), before)
            impressions = replace(impressions, click_chance=after)
        else:
            before = np.where(rows, impressions.bid, 0).astype(np.float64)
            after = np.maximum(np.rint(before * (1 + plant.size)), 1)
            impressions = replace(impressions, bid=np.where(rows, ints(after), impressions.bid))
        whole = float(before[rows].sum())
        reached = float(after[rows].sum()) / whole - 1 if whole else 0.0
        done.append(Planted(plant, reached, int(of_slice.sum())))
    return impressions, done


def _slice(plant: Plant, requests: Requests) -> BoolArray:
    """Which requests the plant is about, by what their own rows say."""
    columns: dict[str, IntArray] = {
        "surface": requests.surface,
        "entry_point": requests.entry,
        "app_id": requests.app,
        "region_code": requests.region,
        "country_code": np.where(
            requests.region == NULL_CODE, NULL_CODE, REGION_COUNTRY[requests.region]
        ),
        "device_type": requests.device,
        "user_type": ints(requests.known),
    }
    rows = np.ones(len(requests.time), dtype=np.bool_)
    for dimension, value in plant.where:
        code = NULL_CODE if value == UNKNOWN else VALUES[dimension].index(value)
        rows &= columns[dimension] == code
    return rows


def _relative(after: float, before: float) -> float:
    return after / before - 1 if before else 0.0


def _more_requests(
    size: float, requests: Requests, rows: BoolArray, rng: np.random.Generator
) -> tuple[Requests, float]:
    """Requests of the slice left out, or made once more, each by chance."""
    drawn = rng.random(len(rows))
    wanted = 1 + size
    copies = np.where(rows, np.floor(wanted) + (drawn < wanted % 1), 1)
    place = np.repeat(np.arange(len(rows)), ints(copies))
    changed = Requests(
        **{name: getattr(requests, name)[place] for name in Requests.__dataclass_fields__}
    )
    return changed, _relative(float(rows[place].sum()), float(rows.sum()))


def _more_pages(
    size: float, requests: Requests, rows: BoolArray, rng: np.random.Generator
) -> tuple[Requests, float]:
    """Pages of the slice without an ad given some, or pages with ads left without."""
    with_ads = rows & (requests.sent > 0)
    without = rows & ~with_ads
    drawn = rng.random(len(rows))
    pages = int(with_ads.sum())
    sent = requests.sent
    if not pages:
        return requests, 0.0
    if size < 0:
        sent = np.where(with_ads & (drawn < -size), 0, sent)
    else:
        chance = min(1.0, size * pages / max(1, int(without.sum())))
        usual = rng.choice(sent[with_ads], len(sent))
        sent = np.where(without & (drawn < chance), usual, sent)
    return _with_sent(requests, sent), _relative(float((rows & (sent > 0)).sum()), float(pages))


def _more_ads(
    size: float, requests: Requests, rows: BoolArray, rng: np.random.Generator
) -> tuple[Requests, float]:
    """Ads beyond the first taken from the pages of the slice, or ads added to them."""
    with_ads = rows & (requests.sent > 0)
    sent = requests.sent
    ads = int(sent[with_ads].sum())
    if not ads:
        return requests, 0.0
    if size < 0:
        beyond = np.where(with_ads, sent - 1, 0)
        chance = min(1.0, -size * ads / max(1, int(beyond.sum())))
        sent = sent - rng.binomial(beyond, chance)
    else:
        sent = sent + np.where(with_ads, rng.poisson(np.where(with_ads, sent, 0) * size), 0)
    return _with_sent(requests, sent), _relative(float(sent[with_ads].sum()), float(ads))


def _with_sent(requests: Requests, sent: IntArray) -> Requests:
    """The requests with so many ads; the organic results stay."""
    return replace(requests, sent=sent, returned=requests.returned - requests.sent + sent)
