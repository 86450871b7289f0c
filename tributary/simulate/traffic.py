"""One day of traffic: the requests that users make."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from tributary.simulate.arrays import NULL_CODE, BoolArray, IntArray, choose, ints, pick
from tributary.simulate.calendar import seasons_on
from tributary.simulate.profiles import (
    ANONYMOUS,
    APP_SHARE,
    COUNTRY_CLOCK,
    DEVICE_SHARE,
    FEWEST_ORGANIC,
    FILL,
    HOURS,
    MORE_ADS,
    MORE_ADS_CHANCE,
    MOST_ORGANIC,
    NO_APP,
    NO_REGION,
    OUTAGE,
    QUERY_SHARE,
    REGION_TILT,
    SURFACE_SHARE,
    WEEKDAY,
)
from tributary.simulate.schema import SPLASH, SURFACES
from tributary.simulate.world import REGION_COUNTRY, REGION_TIER, World


@dataclass(frozen=True)
class Requests:
    """A day's requests, in order of time. A doomed one's own row will be written damaged."""

    time: IntArray
    surface: IntArray
    entry: IntArray
    app: IntArray
    region: IntArray
    home: IntArray
    user: IntArray
    known: BoolArray
    device: IntArray
    hour: IntArray
    returned: IntArray
    sent: IntArray
    doomed: BoolArray


@dataclass(frozen=True)
class Mood:
    """What promotions and holidays do to a day."""

    traffic: float = 1.0
    fill: float = 1.0
    conversion: float = 1.0
    bid: float = 1.0


def mood_of(world: World, day: date) -> Mood:
    """All effects of the day, multiplied."""
    mood = Mood()
    for season in seasons_on(world.seasons, day):
        mood = Mood(
            mood.traffic * season.traffic,
            mood.fill * season.fill,
            mood.conversion * season.conversion,
            mood.bid * season.bid,
        )
    return mood


def make_requests(world: World, day: int, doomed: int, rng: np.random.Generator) -> Requests:
    """The requests of one day; `doomed` of them come on top of the day's volume."""
    settings = world.settings
    mood = mood_of(world, settings.date_of(day))
    surface = np.repeat(np.arange(len(SURFACES)), _volumes(world, day, mood, rng))
    surface = np.concatenate([surface, rng.integers(0, SPLASH, doomed)])
    count = len(surface)
    is_doomed = np.arange(count) >= count - doomed

    user = ints(world.user_count * rng.random(count) ** 1.9)
    region = world.user_region[user]
    region = np.where(rng.random(count) < 0.85, region, choose(rng, REGION_TILT, surface))
    trait = np.where(rng.random(count) < 0.85, world.user_trait[user], rng.random(count))
    hour = choose(rng, HOURS, surface)
    own_clock = COUNTRY_CLOCK[REGION_COUNTRY[region]]
    second = (hour - own_clock) % 24 * 3600 + rng.integers(0, 3600, count)

    fill = FILL[surface] * mood.fill * np.array([1.04, 0.98, 0.90])[REGION_TIER[region]]
    fill *= np.where((hour >= 1) & (hour < 6), 0.85, 1.0)
    extra = rng.binomial(MORE_ADS[surface], np.minimum(MORE_ADS_CHANCE[surface] * mood.fill, 0.9))
    sent = np.where(rng.random(count) < np.minimum(fill, 0.97), 1 + extra, 0)
    # A doomed request carries at least one ad, so that damage to it reaches every table.
    sent = np.where(is_doomed, np.maximum(sent, 2), sent)
    organic = rng.integers(FEWEST_ORGANIC[surface], MOST_ORGANIC[surface] + 1)

    order = np.argsort(second, kind="stable")
    nowhere = rng.random(count) < NO_REGION
    return Requests(
        time=(settings.midnight_utc(day) + second)[order],
        surface=surface[order],
        entry=choose(rng, QUERY_SHARE, surface)[order],
        app=np.where(rng.random(count) < NO_APP, NULL_CODE, choose(rng, APP_SHARE, surface))[order],
        region=np.where(nowhere, NULL_CODE, region)[order],
        home=region[order],
        user=user[order],
        known=(rng.random(count) >= ANONYMOUS)[order],
        device=pick(DEVICE_SHARE, surface, trait)[order],
        hour=hour[order],
        returned=(sent + organic)[order],
        sent=sent[order],
        doomed=is_doomed[order],
    )


def _volumes(world: World, day: int, mood: Mood, rng: np.random.Generator) -> IntArray:
    settings = world.settings
    weekday = settings.date_of(day).weekday()
    growth = 1 + 0.12 * np.tanh((day - settings.days / 2) / 40)
    # A promotion lifts feed and video most; splash is sold out anyway.
    lift = 1 + (mood.traffic - 1) * np.array([1.0, 0.6, 1.2, 0.3, 1.3])
    noise = np.exp(rng.normal(0, 0.03, len(SURFACES)))
    wanted = settings.requests_per_day * SURFACE_SHARE * WEEKDAY[:, weekday]
    wanted = wanted * growth * lift * noise * 0.945
    if day == world.outage_day:
        wanted[SPLASH] *= OUTAGE
    # Fractions are settled by chance, so that tiny runs keep every surface.
    return ints(np.floor(wanted + rng.random(len(SURFACES))))
