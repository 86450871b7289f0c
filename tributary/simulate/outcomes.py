"""What follows from the impressions of a day: clicks, actions, charges and refunds."""

from dataclasses import dataclass

import numpy as np

from tributary.simulate.arrays import (
    NULL_CODE,
    AnyArray,
    BoolArray,
    IntArray,
    choose,
    ints,
)
from tributary.simulate.impressions import Impressions
from tributary.simulate.schema import (
    ADJUSTMENT,
    CNY,
    CPA,
    CPC,
    CPM,
    CPS,
    INVALID_REASONS,
    ON_ACTION,
    ON_CLICK,
    ON_IMPRESSION,
)
from tributary.simulate.settings import SECONDS_PER_DAY
from tributary.simulate.traffic import Requests
from tributary.simulate.world import World

VALID, REPEATED, INVALID = range(3)

_INVALID_SHARE = 0.05
_SECOND_CLICK = 0.05
_UNTRACED = 0.03
_ON_UNPAID_CLICK = 0.06

_ACTION_TYPES = np.array(  # order, booking, coupon, call, download, activation
    [
        [5.0, 0.5, 0.5, 0.8, 1.5, 1.0],
        [1.5, 4.0, 2.5, 2.5, 0.0, 0.0],
        [5.0, 0.0, 1.0, 0.0, 2.5, 1.0],
        [3.0, 0.0, 1.0, 0.0, 2.0, 1.0],
        [6.0, 0.0, 0.5, 0.0, 2.0, 0.5],
    ]
)
_VALUE_OF_TYPE = np.array([1.0, 0.8, 0.12, 0.0, 0.0, 0.0])
_ORGANIC_VALUE = 90e6
_CENT = 10_000

_NEXT_DAY_POSTING = 0.03
_REFUNDED = np.array([0.002, 0.03, 0.04])
"""Share of charges that are refunded later: on impressions, clicks, actions."""


@dataclass(frozen=True)
class Clicks:
    """The clicks of a day; `state` says whether anti-fraud and the books count them."""

    impression: IntArray
    time: IntArray
    state: IntArray
    reason: IntArray


@dataclass(frozen=True)
class Actions:
    """Conversions; `click` is NULL for an untraced one, `origin` is the click that led to it."""

    click: IntArray
    origin: IntArray
    time: IntArray
    type: IntArray
    value: IntArray
    currency: IntArray


@dataclass(frozen=True)
class Charges:
    """The ledger lines: `event` is a row of the charged table, `original` a row of this one."""

    kind: IntArray
    event: IntArray
    original: IntArray
    impression: IntArray
    advertiser: IntArray
    parent_time: IntArray
    time: IntArray
    amount: IntArray
    currency: IntArray


def make_clicks(impressions: Impressions, rng: np.random.Generator) -> Clicks:
    """First clicks, and a few second ones on the same impression."""
    first = np.flatnonzero(rng.random(len(impressions.time)) < impressions.click_chance)
    time = impressions.time[first] + _click_delay(rng, len(first))
    again = np.flatnonzero(rng.random(len(first)) < _SECOND_CLICK)
    second_time = time[again] + rng.integers(1, 90, len(again))
    invalid = rng.random(len(first)) < _INVALID_SHARE
    second_invalid = rng.random(len(again)) < _INVALID_SHARE

    state = np.where(invalid, INVALID, VALID)
    # After an invalid click the second one is the first that counts.
    second_state = np.where(second_invalid, INVALID, np.where(invalid[again], VALID, REPEATED))
    impression = np.concatenate([first, first[again]])
    order = np.argsort(impression, kind="stable")
    state = np.concatenate([state, second_state])[order]
    reason = np.where(
        state == INVALID, rng.integers(0, len(INVALID_REASONS), len(state)), NULL_CODE
    )
    return Clicks(
        impression=impression[order],
        time=np.concatenate([time, second_time])[order],
        state=ints(state),
        reason=ints(reason),
    )


def _click_delay(rng: np.random.Generator, count: int) -> IntArray:
    """Seconds to minutes; one in two hundred comes back hours later, some on the next day."""
    soon = 1 + ints(np.minimum(rng.lognormal(2.5, 0.9, count), 1500))
    late = rng.integers(1800, SECONDS_PER_DAY, count)
    return np.where(rng.random(count) < 0.005, late, soon)


def make_actions(
    world: World,
    requests: Requests,
    impressions: Impressions,
    clicks: Clicks,
    rng: np.random.Generator,
) -> Actions:
    """Conversions of valid clicks, some that no click can be found for, a few on unpaid clicks."""
    chance = impressions.action_chance[clicks.impression]
    chance = np.where(clicks.state == VALID, chance, chance * _ON_UNPAID_CLICK)
    traced = np.flatnonzero(rng.random(len(chance)) < chance)
    could_be_lost = impressions.commercial[clicks.impression] & (clicks.state == VALID)
    could_be_lost &= ~requests.doomed[impressions.request[clicks.impression]]
    untraced = np.flatnonzero(could_be_lost & (rng.random(len(chance)) < chance * _UNTRACED))

    origin = np.concatenate([traced, untraced])
    click = np.concatenate([traced, np.full(len(untraced), NULL_CODE, dtype=np.int64)])
    order = np.argsort(origin, kind="stable")
    origin, click = origin[order], click[order]
    impression = clicks.impression[origin]
    surface = requests.surface[impressions.request[impression]]
    commercial = impressions.commercial[impression]
    advertiser = impressions.advertiser[impression]

    kind = choose(rng, _ACTION_TYPES, surface)
    typical = np.where(commercial, world.advertiser_value[advertiser], _ORGANIC_VALUE)
    value = typical * _VALUE_OF_TYPE[kind] * np.exp(rng.normal(-0.15, 0.55, len(origin)))
    return Actions(
        click=click,
        origin=origin,
        time=clicks.time[origin] + _action_delay(rng, len(origin)),
        type=kind,
        value=ints(np.rint(value / _CENT)) * _CENT,
        currency=np.where(commercial, world.advertiser_currency[advertiser], CNY),
    )


def _action_delay(rng: np.random.Generator, count: int) -> IntArray:
    """Minutes for most, hours for many, up to a week for a few."""
    minutes = rng.integers(20, 3600, count)
    hours = ints(rng.exponential(9 * 3600, count)) + 3600
    days = rng.integers(1, 7, count) * SECONDS_PER_DAY + rng.integers(0, 43_200, count)
    which = rng.random(count)
    delay = np.where(which < 0.62, minutes, np.where(which < 0.92, hours, days))
    return np.minimum(delay, 7 * SECONDS_PER_DAY)


def make_charges(
    world: World,
    requests: Requests,
    impressions: Impressions,
    clicks: Clicks,
    actions: Actions,
    uncharged: BoolArray,
    rng: np.random.Generator,
) -> Charges:
    """One line per billed impression, click or action, then the refunds of some of them.

    `uncharged` marks the clicks that billing overlooks.
    """
    by_impression = np.flatnonzero(impressions.pricing == CPM)
    counted = clicks.state == VALID
    by_click = np.flatnonzero(
        counted & (impressions.pricing[clicks.impression] == CPC) & ~uncharged
    )
    pricing = impressions.pricing[clicks.impression[actions.origin]]
    counted = counted[actions.origin] & (actions.click != NULL_CODE)
    billed = (pricing == CPA) | ((pricing == CPS) & (actions.value > 0))
    by_action = np.flatnonzero(counted & billed)

    on_click, on_action = (
        clicks.impression[by_click],
        clicks.impression[actions.origin[by_action]],
    )
    impression = np.concatenate([by_impression, on_click, on_action])
    kind = np.repeat(
        [ON_IMPRESSION, ON_CLICK, ON_ACTION],
        [len(by_impression), len(by_click), len(by_action)],
    )
    parent_time = np.concatenate(
        [
            impressions.time[by_impression],
            clicks.time[by_click],
            actions.time[by_action],
        ]
    )
    price = impressions.bid[on_click] * rng.uniform(0.55, 1.0, len(on_click))
    value = actions.value[by_action]
    bid = impressions.bid[on_action]
    amount = np.concatenate(
        [
            impressions.bid[by_impression] // 1000,
            np.maximum(ints(price / _CENT), 1) * _CENT,
            np.where(pricing[by_action] == CPS, value * bid // 1_000_000, bid),
        ]
    )
    time = parent_time + rng.integers(1, 20, len(kind))
    posted_late = rng.random(len(kind)) < _NEXT_DAY_POSTING
    time = time + np.where(posted_late, rng.integers(16 * 3600, 30 * 3600, len(kind)), 0)
    advertiser = impressions.advertiser[impression]
    lines = Charges(
        kind=kind,
        event=np.concatenate([by_impression, by_click, by_action]),
        original=np.full(len(kind), NULL_CODE, dtype=np.int64),
        impression=impression,
        advertiser=advertiser,
        parent_time=parent_time,
        time=time,
        amount=amount,
        currency=world.advertiser_currency[advertiser],
    )
    return _with_refunds(lines, rng)


def _with_refunds(lines: Charges, rng: np.random.Generator) -> Charges:
    """The lines, and below them the adjustments of some, days later, in full or in part."""
    back = np.flatnonzero(
        (rng.random(len(lines.kind)) < _REFUNDED[lines.kind]) & (lines.amount > 3)
    )
    count = len(back)
    percent = rng.choice([25, 50, 75, 100, 100], count)
    delay = rng.integers(1, 6, count) * SECONDS_PER_DAY + rng.integers(0, 36_000, count)

    def both(values: AnyArray, refunds: AnyArray) -> IntArray:
        return np.concatenate([values, refunds])

    return Charges(
        kind=both(lines.kind, np.full(count, ADJUSTMENT)),
        event=both(lines.event, np.full(count, NULL_CODE)),
        original=both(lines.original, back),
        impression=both(lines.impression, lines.impression[back]),
        advertiser=both(lines.advertiser, lines.advertiser[back]),
        parent_time=both(lines.parent_time, lines.time[back]),
        time=both(lines.time, lines.time[back] + delay),
        amount=both(lines.amount, -(lines.amount[back] * percent // 100)),
        currency=both(lines.currency, lines.currency[back]),
    )
