"""What one day's good rows add up to, per slice: additive components and distinct counts."""

from dataclasses import dataclass

import numpy as np

from tributary.simulate.arrays import (
    NULL_CODE,
    BoolArray,
    IntArray,
    count_by,
    ints,
    sum_by,
)
from tributary.simulate.daylog import DayLog
from tributary.simulate.money import convert_half_even
from tributary.simulate.outcomes import INVALID, REPEATED, VALID
from tributary.simulate.schema import CPC, ON_CLICK
from tributary.simulate.world import DAYS_BEFORE, World

COMPONENTS = (
    "requests", "ad_requests", "ad_impressions", "ad_clicks", "ad_clicked_requests", "ad_actions",
    "action_value", "revenue", "results_returned", "commercial_results_returned", "impressions",
    "clicks", "clicked_requests", "actions", "detail_views", "invalid_clicks", "repeated_clicks",
)  # fmt: skip
DISTINCT = (
    "users", "ad_users", "clicking_users", "ad_clicking_users", "detail_view_users", "acting_users",
    "active_advertisers",
)  # fmt: skip
MONEY = frozenset({"action_value", "revenue"})
_USER_FLAG = {
    "users": "requests",
    "ad_users": "ad_impressions",
    "clicking_users": "clicks",
    "ad_clicking_users": "ad_clicks",
    "detail_view_users": "detail_views",
    "acting_users": "actions",
}


@dataclass(frozen=True)
class DayCounts:
    """The good rows of a day: per request, per advertiser, and where the two entries part."""

    per_request: dict[str, IntArray]
    per_advertiser: dict[str, IntArray]
    good: BoolArray
    user: IntArray
    """Per request: a number of its user within the day; NULL for an anonymous one."""
    charge_request: IntArray
    charge_advertiser: IntArray
    charge_good: BoolArray
    charge_day: IntArray
    charge_value: IntArray
    """Per ledger line: what it comes to in the reporting currency."""
    uncharged_by_request: IntArray


def book_day(world: World, time: IntArray) -> IntArray:
    """Column of the bookkeeping arrays for each UTC second."""
    return (time - world.settings.midnight_utc(-DAYS_BEFORE)) // 86_400


def count_day(world: World, log: DayLog) -> DayCounts:
    """Adds up the rows that hang on good requests."""
    requests, impressions, clicks = log.requests, log.impressions, log.clicks
    actions, charges = log.actions, log.charges
    size = len(requests.time)
    good = ~requests.doomed
    click_request = impressions.request[clicks.impression]
    action_request = click_request[actions.origin]
    charge_request = impressions.request[charges.impression]

    commercial = impressions.commercial
    ad_click = commercial[clicks.impression]
    valid = clicks.state == VALID
    counted = (actions.click != NULL_CODE) & valid[actions.origin]
    ad_action = counted & ad_click[actions.origin]
    action_day = book_day(world, actions.time)
    action_value = convert_half_even(actions.value, world.rates[actions.currency, action_day])
    charge_day = book_day(world, charges.time)
    charge_value = convert_half_even(charges.amount, world.rates[charges.currency, charge_day])

    def clicked(which: BoolArray) -> IntArray:
        return count_by(click_request[which], size)

    ad_clicks, all_clicks = clicked(valid & ad_click), clicked(valid)
    ad_impressions = count_by(impressions.request[commercial], size)
    per_request = {
        "requests": np.ones(size, dtype=np.int64),
        "ad_requests": ints(ad_impressions > 0),
        "ad_impressions": ad_impressions,
        "ad_clicks": ad_clicks,
        "ad_clicked_requests": ints(ad_clicks > 0),
        "ad_actions": count_by(action_request[ad_action], size),
        "action_value": sum_by(action_request[ad_action], action_value[ad_action], size),
        "revenue": sum_by(charge_request, charge_value, size),
        "results_returned": requests.returned,
        "commercial_results_returned": requests.sent,
        "impressions": count_by(impressions.request, size),
        "clicks": all_clicks,
        "clicked_requests": ints(all_clicks > 0),
        "actions": count_by(action_request[counted], size),
        "detail_views": clicked(clicks.state != INVALID),
        "invalid_clicks": clicked(clicks.state == INVALID),
        "repeated_clicks": clicked(clicks.state == REPEATED),
    }

    advertisers = len(world.advertisers)
    charge_good = good[charge_request]
    shown = commercial & good[impressions.request]
    good_click = valid & ad_click & good[click_request]
    good_action = ad_action & good[action_request]
    clicked_by = impressions.advertiser[clicks.impression]
    acted_by = clicked_by[actions.origin]
    per_advertiser = {
        "ad_impressions": count_by(impressions.advertiser[shown], advertisers),
        "ad_clicks": count_by(clicked_by[good_click], advertisers),
        "ad_actions": count_by(acted_by[good_action], advertisers),
        "action_value": sum_by(acted_by[good_action], action_value[good_action], advertisers),
        "revenue": sum_by(charges.advertiser[charge_good], charge_value[charge_good], advertisers),
        "is_active": ints(count_by(charges.advertiser[charge_good], advertisers) > 0),
    }

    charged = np.zeros(len(clicks.time), dtype=np.bool_)
    charged[charges.event[charges.kind == ON_CLICK]] = True
    uncharged = valid & (impressions.pricing[clicks.impression] == CPC) & ~charged
    _, number = np.unique(requests.user, return_inverse=True)
    return DayCounts(
        per_request=per_request,
        per_advertiser=per_advertiser,
        good=good,
        user=np.where(requests.known, number, NULL_CODE),
        charge_request=charge_request,
        charge_advertiser=charges.advertiser,
        charge_good=charge_good,
        charge_day=charge_day,
        charge_value=charge_value,
        uncharged_by_request=clicked(uncharged),
    )


def add_up(counts: DayCounts, codes: IntArray, size: int, advertisers: int) -> dict[str, IntArray]:
    """Every component and distinct count per code; requests with code NULL stay out."""
    rows = np.flatnonzero(counts.good & (codes != NULL_CODE))
    chosen = codes[rows]
    found = {
        name: sum_by(chosen, values[rows], size) for name, values in counts.per_request.items()
    }
    known = counts.user[rows] != NULL_CODE
    for name, flag in _USER_FLAG.items():
        has = known & (counts.per_request[flag][rows] > 0)
        found[name] = _distinct(chosen[has], counts.user[rows[has]], size)
    line_code = codes[counts.charge_request]
    lines = counts.charge_good & (line_code != NULL_CODE)
    found["active_advertisers"] = _distinct(
        line_code[lines], counts.charge_advertiser[lines], size, advertisers
    )
    return found


def _distinct(codes: IntArray, members: IntArray, size: int, width: int | None = None) -> IntArray:
    """Number of different members per code."""
    if not len(codes):
        return np.zeros(size, dtype=np.int64)
    width = width or int(members.max()) + 1
    seen = np.zeros(size * width, dtype=np.bool_)
    seen[codes * width + members] = True
    return ints(seen.reshape(size, width).sum(axis=1))
