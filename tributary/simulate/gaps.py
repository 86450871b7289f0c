"""Where two logs part on purpose: impressions a client loses, clicks billing overlooks."""

from dataclasses import fields

import numpy as np

from tributary.simulate.arrays import BoolArray
from tributary.simulate.impressions import Impressions
from tributary.simulate.outcomes import Clicks
from tributary.simulate.schema import FEED, SEARCH
from tributary.simulate.traffic import Requests
from tributary.simulate.world import World

_LOST_ANYWHERE = 0.0012
_LOST_PAGES = 0.03
_LOST_ON_PAGE = 0.02
_OVERLOOKED_ANYWHERE = 0.006
_OVERLOOKED_IN_INCIDENT = 0.14


def client_incident(days: int) -> range:
    """The days on which the feed client loses about one ad in twenty."""
    return range((days * 12) // 28, (days * 15) // 28)


def billing_incident(days: int) -> range:
    """The days on which billing overlooks about one search click in seven."""
    return range((days * 20) // 28, (days * 22) // 28)


def drop_lost_impressions(
    world: World,
    day: int,
    requests: Requests,
    impressions: Impressions,
    rng: np.random.Generator,
) -> Impressions:
    """The impressions that reach the log. In an incident some pages lose every ad."""
    if world.settings.clean:
        return impressions
    chance = np.full(len(impressions.time), _LOST_ANYWHERE)
    pages = np.zeros(len(requests.time), dtype=np.bool_)
    if day in client_incident(world.settings.days):
        feed = requests.surface == FEED
        pages = feed & (rng.random(len(feed)) < _LOST_PAGES)
        chance[feed[impressions.request]] = _LOST_ON_PAGE
    lost = (rng.random(len(chance)) < chance) | pages[impressions.request]
    kept = ~(lost & impressions.commercial)
    return Impressions(
        **{field.name: getattr(impressions, field.name)[kept] for field in fields(Impressions)}
    )


def overlooked_clicks(
    world: World,
    day: int,
    requests: Requests,
    impressions: Impressions,
    clicks: Clicks,
    rng: np.random.Generator,
) -> BoolArray:
    """Marks the clicks for which billing writes no line."""
    if world.settings.clean:
        return np.zeros(len(clicks.time), dtype=np.bool_)
    chance = np.full(len(clicks.time), _OVERLOOKED_ANYWHERE)
    if day in billing_incident(world.settings.days):
        surface = requests.surface[impressions.request[clicks.impression]]
        chance[surface == SEARCH] = _OVERLOOKED_IN_INCIDENT
    return rng.random(len(chance)) < chance
