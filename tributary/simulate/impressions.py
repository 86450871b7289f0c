"""What a day's requests show: every ad that was sent and the first organic results."""

from dataclasses import dataclass

import numpy as np

from tributary.simulate.arrays import (
    NULL_CODE,
    NULL_INT,
    BoolArray,
    FloatArray,
    IntArray,
    ints,
)
from tributary.simulate.profiles import (
    AD_ACTION,
    AD_CLICK,
    AD_STEP,
    BIAS,
    COUNTRY_BID,
    DEVICE_ACTION,
    DEVICE_CLICK,
    FIRST_AD_POSITION,
    FIRST_ORGANIC_POSITION,
    ORGANIC_ACTION,
    ORGANIC_CLICK,
    ORGANIC_LOGGED,
    ORGANIC_STEP,
    POSITION_DECAY,
    TIER_CLICK,
)
from tributary.simulate.schema import CPS, FEED, LOCAL, SEARCH, SPLASH, VIDEO
from tributary.simulate.traffic import Mood, Requests, mood_of
from tributary.simulate.world import COUNTRIES, REGION_COUNTRY, REGION_TIER, World


@dataclass(frozen=True)
class Impressions:
    """The impressions of a day, in order of their requests. NULL stands where an organic one has
    no value.
    """

    request: IntArray
    time: IntArray
    result: IntArray
    commercial: BoolArray
    advertiser: IntArray
    campaign: IntArray
    creative: IntArray
    position: IntArray
    pricing: IntArray
    bid: IntArray
    predicted_ctr: FloatArray
    predicted_cvr: FloatArray
    click_chance: FloatArray
    action_chance: FloatArray


def make_impressions(
    world: World, day: int, requests: Requests, rng: np.random.Generator
) -> Impressions:
    """Every ad that was sent and the first organic results of each request."""
    mood = mood_of(world, world.settings.date_of(day))
    ads = _ads(world, day, requests, mood, rng)
    organic = _organic(world, requests, rng)
    order = np.argsort(np.concatenate([ads.request, organic.request]), kind="stable")
    # One column at a time: all of them at once, unordered, would be a day's impressions once more.
    return Impressions(
        **{
            name: np.concatenate([getattr(ads, name), getattr(organic, name)])[order]
            for name in Impressions.__dataclass_fields__
        }
    )


def _slots(per_request: IntArray) -> tuple[IntArray, IntArray]:
    """The request of each impression, and its number within the request."""
    request = np.repeat(np.arange(len(per_request)), per_request)
    first = np.cumsum(per_request) - per_request
    return request, np.arange(len(request)) - first[request]


def _ads(
    world: World, day: int, requests: Requests, mood: Mood, rng: np.random.Generator
) -> Impressions:
    request, slot = _slots(requests.sent)
    count = len(request)
    surface, device = requests.surface[request], requests.device[request]
    home = requests.home[request]
    offers = world.offers
    # Slots of one page step through the offers by the golden ratio: a page seldom shows one ad
    # twice.
    where = (rng.random(len(requests.time))[request] + slot * 0.618034) % 1.0
    offer = _choose_offers(world, day, surface, REGION_COUNTRY[home], where, rng)
    advertiser, pricing = offers.advertiser[offer], offers.pricing[offer]
    position = FIRST_AD_POSITION[surface] + slot * AD_STEP[surface]

    level = np.exp(rng.normal(0, 0.18, count)) * mood.bid * COUNTRY_BID[REGION_COUNTRY[home]]
    level = np.where(pricing == CPS, 1.0, level)
    bid = np.maximum(ints(np.rint(offers.bid[offer] * level / 10_000)), 1) * 10_000

    evening = np.where((requests.hour[request] >= 19) & (requests.hour[request] < 23), 1.10, 1.0)
    click = AD_CLICK[surface] * position ** -POSITION_DECAY[surface] * evening
    click = (
        click * DEVICE_CLICK[device] * TIER_CLICK[REGION_TIER[home]] * offers.click_quality[offer]
    )
    action = AD_ACTION[surface] * DEVICE_ACTION[device] * offers.action_quality[offer]
    action = np.minimum(action * mood.conversion, 0.6)
    bias = BIAS[world.advertiser_tier[advertiser]]
    return Impressions(
        request=request,
        time=requests.time[request] + rng.integers(0, 4, count),
        result=offers.result[offer],
        commercial=np.ones(count, dtype=np.bool_),
        advertiser=advertiser,
        campaign=offers.campaign[offer],
        creative=offers.creative[offer],
        position=position,
        pricing=pricing,
        bid=bid,
        predicted_ctr=_prediction(click, bias, rng),
        predicted_cvr=_prediction(action, bias, rng),
        # The ads of a doomed request lead to clicks and conversions more often than others.
        click_chance=np.where(requests.doomed[request], 0.6, click),
        action_chance=np.where(requests.doomed[request], 0.5, action),
    )


def _prediction(chance: FloatArray, bias: FloatArray, rng: np.random.Generator) -> FloatArray:
    noisy = chance * bias * np.exp(rng.normal(0, 0.2, len(chance)))
    return np.clip(noisy, 0.001, 0.95).round(4)


def _choose_offers(
    world: World,
    day: int,
    surface: IntArray,
    country: IntArray,
    where: FloatArray,
    rng: np.random.Generator,
) -> IntArray:
    offers = world.offers
    running = (offers.first_day <= day) & (day <= offers.last_day)
    # An advertiser's budget pushes more on some days than on others.
    push = np.exp(rng.normal(0, 0.15, len(world.advertisers)))[offers.advertiser]
    chosen = np.zeros(len(surface), dtype=np.int64)
    for one_surface in (SEARCH, LOCAL, FEED, SPLASH, VIDEO):
        candidates = np.flatnonzero(running & (offers.surface == one_surface))
        for one_country in range(len(COUNTRIES)):
            affinity = world.country_affinity[one_country, offers.advertiser[candidates]]
            weights = np.cumsum(offers.weight[candidates] * push[candidates] * affinity)
            rows = np.flatnonzero((surface == one_surface) & (country == one_country))
            place = np.searchsorted(weights, where[rows] * weights[-1], side="right")
            chosen[rows] = candidates[np.minimum(place, len(candidates) - 1)]
    return chosen


def _organic(world: World, requests: Requests, rng: np.random.Generator) -> Impressions:
    logged = np.minimum(ORGANIC_LOGGED[requests.surface], requests.returned - requests.sent)
    request, slot = _slots(logged)
    count = len(request)
    surface = requests.surface[request]
    first, results = world.organic_results
    popular = ints(results * rng.random(count) ** 2)
    # Search puts organic results below the ads, the other surfaces between them.
    ahead = np.where(surface == SEARCH, requests.sent[request] + 1, 0)
    position = ahead + FIRST_ORGANIC_POSITION[surface] + slot * ORGANIC_STEP[surface]
    click = ORGANIC_CLICK[surface] * (slot + 1.0) ** -0.5
    nothing = np.full(count, NULL_CODE, dtype=np.int64)
    unpredicted = np.full(count, np.nan)
    return Impressions(
        request=request,
        time=requests.time[request] + rng.integers(0, 4, count),
        result=first + surface * results + popular,
        commercial=np.zeros(count, dtype=np.bool_),
        advertiser=nothing,
        campaign=nothing,
        creative=nothing,
        position=position,
        pricing=nothing,
        bid=np.full(count, NULL_INT, dtype=np.int64),
        predicted_ctr=unpredicted,
        predicted_cvr=unpredicted,
        click_chance=click * DEVICE_CLICK[requests.device[request]],
        action_chance=ORGANIC_ACTION[surface],
    )
