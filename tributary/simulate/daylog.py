"""One simulated day: its records, and the same records as rows of the five event tables."""

from dataclasses import dataclass

import numpy as np

from tributary.simulate.arrays import NULL_CODE, BoolArray, IntArray, ints
from tributary.simulate.gaps import drop_lost_impressions, overlooked_clicks
from tributary.simulate.impressions import Impressions, make_impressions
from tributary.simulate.outcomes import (
    INVALID,
    Actions,
    Charges,
    Clicks,
    make_actions,
    make_charges,
    make_clicks,
)
from tributary.simulate.plants import Planted, change_impressions, change_requests
from tributary.simulate.schema import (
    ADJUSTMENT,
    EVENT_TIME,
    ON_ACTION,
    ON_CLICK,
    ON_IMPRESSION,
    TABLES,
    Frame,
    IdSpace,
    event_reference,
)
from tributary.simulate.settings import SECONDS_PER_DAY
from tributary.simulate.traffic import Requests, make_requests
from tributary.simulate.world import REGION_COUNTRY, World

_DELAY_SCALE = 25.0
_OFFLINE_SHARE = 0.01
_LONGEST_OFFLINE = 20 * 3600


@dataclass(frozen=True)
class DayLog:
    """A day's traffic and all that ever follows from it."""

    day: int
    requests: Requests
    impressions: Impressions
    clicks: Clicks
    actions: Actions
    charges: Charges
    frames: dict[str, Frame]
    doomed: dict[str, BoolArray]
    """Per table: rows that hang on a doomed request."""
    planted: tuple[Planted, ...] = ()


def simulate_day(
    world: World, ids: IdSpace, day: int, doomed: int, rng: np.random.Generator
) -> DayLog:
    """Simulates the requests of one reporting day and their consequences."""
    requests = make_requests(world, day, doomed, rng)
    requests, in_requests = change_requests(world, day, requests)
    impressions = make_impressions(world, day, requests, rng)
    impressions, in_impressions = change_impressions(world, day, requests, impressions)
    impressions = drop_lost_impressions(world, day, requests, impressions, rng)
    clicks = make_clicks(impressions, rng)
    actions = make_actions(world, requests, impressions, clicks, rng)
    overlooked = overlooked_clicks(world, day, requests, impressions, clicks, rng)
    charges = make_charges(world, requests, impressions, clicks, actions, overlooked, rng)

    on_impressions = requests.doomed[impressions.request]
    frames = {
        "requests": _request_rows(requests, ids, day),
        "impressions": _impression_rows(impressions, ids, day),
        "clicks": _click_rows(clicks, ids, day),
        "actions": _action_rows(requests, impressions, clicks, actions, ids, day),
        "charges": _charge_rows(charges, ids, day),
    }
    for table, frame in frames.items():
        frame["ingested_at"] = _ingestion(frame[EVENT_TIME[table]], rng)
        assert list(frame) == [column.name for column in TABLES[table]]
    return DayLog(
        day=day,
        requests=requests,
        impressions=impressions,
        clicks=clicks,
        actions=actions,
        charges=charges,
        frames=frames,
        planted=(*in_requests, *in_impressions),
        doomed={
            "requests": requests.doomed,
            "impressions": on_impressions,
            "clicks": on_impressions[clicks.impression],
            "actions": on_impressions[clicks.impression[actions.origin]],
            "charges": on_impressions[charges.impression],
        },
    )


def _ingestion(time: IntArray, rng: np.random.Generator) -> IntArray:
    """Seconds after the event for most rows, hours for a device that was offline."""
    delay = 2 + ints(np.minimum(rng.exponential(_DELAY_SCALE, len(time)), 600))
    offline = rng.random(len(time)) < _OFFLINE_SHARE
    delay[offline] += rng.integers(0, _LONGEST_OFFLINE, int(offline.sum()))
    assert _LONGEST_OFFLINE + 602 < SECONDS_PER_DAY
    return time + delay


def _known_users(requests: Requests, rows: IntArray) -> IntArray:
    return np.where(requests.known[rows], requests.user[rows], NULL_CODE)


def _own_ids(ids: IdSpace, day: int, count: int) -> IntArray:
    return ids.number(day, np.arange(count))


def _request_rows(requests: Requests, ids: IdSpace, day: int) -> Frame:
    count = len(requests.time)
    country = REGION_COUNTRY[requests.region]
    return {
        "request_id": _own_ids(ids, day, count),
        "requested_at": requests.time,
        "user_id": _known_users(requests, np.arange(count)),
        "device_id": requests.user,
        "surface": requests.surface,
        "entry_point": requests.entry,
        "app_id": requests.app,
        "region_code": requests.region,
        "country_code": np.where(requests.region == NULL_CODE, NULL_CODE, country),
        "device_type": requests.device,
        "results_returned": requests.returned,
        "commercial_results_returned": requests.sent,
    }


def _impression_rows(impressions: Impressions, ids: IdSpace, day: int) -> Frame:
    return {
        "impression_id": _own_ids(ids, day, len(impressions.time)),
        "request_id": ids.number(day, impressions.request),
        "impressed_at": impressions.time,
        "result_id": impressions.result,
        "is_commercial": ints(impressions.commercial),
        "advertiser_id": impressions.advertiser,
        "campaign_id": impressions.campaign,
        "creative_id": impressions.creative,
        "position": impressions.position,
        "pricing_model": impressions.pricing,
        "bid_micros": impressions.bid,
        "predicted_ctr": impressions.predicted_ctr,
        "predicted_cvr": impressions.predicted_cvr,
    }


def _click_rows(clicks: Clicks, ids: IdSpace, day: int) -> Frame:
    return {
        "click_id": _own_ids(ids, day, len(clicks.time)),
        "impression_id": ids.number(day, clicks.impression),
        "clicked_at": clicks.time,
        "is_invalid": ints(clicks.state == INVALID),
        "invalid_reason": clicks.reason,
    }


def _action_rows(
    requests: Requests,
    impressions: Impressions,
    clicks: Clicks,
    actions: Actions,
    ids: IdSpace,
    day: int,
) -> Frame:
    impression = clicks.impression[actions.origin]
    traced = actions.click != NULL_CODE
    return {
        "action_id": _own_ids(ids, day, len(actions.time)),
        "click_id": np.where(traced, ids.number(day, actions.click), NULL_CODE),
        "user_id": _known_users(requests, impressions.request[impression]),
        "advertiser_id": impressions.advertiser[impression],
        "acted_at": actions.time,
        "action_type": actions.type,
        "action_value_micros": actions.value,
        "currency": actions.currency,
    }


def _charge_rows(charges: Charges, ids: IdSpace, day: int) -> Frame:
    event = np.full(len(charges.time), NULL_CODE, dtype=np.int64)
    for kind in (ON_IMPRESSION, ON_CLICK, ON_ACTION):
        rows = charges.kind == kind
        event[rows] = event_reference(kind, ids.number(day, charges.event[rows]))
    adjusts = charges.kind == ADJUSTMENT
    return {
        "charge_id": _own_ids(ids, day, len(charges.time)),
        "charged_event": charges.kind,
        "event_id": event,
        "advertiser_id": charges.advertiser,
        "charged_at": charges.time,
        "amount_micros": charges.amount,
        "currency": charges.currency,
        "original_charge_id": np.where(adjusts, ids.number(day, charges.original), NULL_CODE),
    }
