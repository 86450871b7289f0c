"""The marts of slices: one row a day and surface, segment, region or advertiser."""

import numpy as np

from tributary.simulate.arrays import NULL_CODE, IntArray, ints
from tributary.simulate.daylog import DayLog
from tributary.simulate.marts import Cell, Mart, mart
from tributary.simulate.money import decimal_text
from tributary.simulate.schema import (
    DEVICE_TYPES,
    ENTRY_POINTS,
    LOCAL,
    SEARCH,
    SURFACES,
)
from tributary.simulate.slices import COMPONENTS, DISTINCT, MONEY, DayCounts, add_up
from tributary.simulate.world import COUNTRIES, REGION_COUNTRY, World

ALL = "(all)"
UNKNOWN = "(unknown)"

_SEARCH_COLUMNS = (
    "requests", "ad_requests", "ad_impressions", "ad_clicks", "ad_actions", "action_value",
    "revenue", "users", "active_advertisers",
)  # fmt: skip
_LOCAL_COLUMNS = (
    "requests", "users", "results_returned", "ad_requests", "ad_users", "ad_impressions", "clicks",
    "clicked_requests", "clicking_users", "ad_clicks", "ad_clicked_requests", "ad_clicking_users",
    "detail_views", "detail_view_users", "actions", "ad_actions", "revenue",
)  # fmt: skip
_ADVERTISER_COLUMNS = (
    "ad_impressions", "ad_clicks", "ad_actions", "action_value", "revenue", "is_active",
)  # fmt: skip


class SliceMarts:
    """Collects the rows of each mart of slices."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._ids = world.vocabularies["advertiser_id"]
        self._revenue: list[list[Cell]] = []
        self._segments: list[list[Cell]] = []
        self._search: list[list[Cell]] = []
        self._local: list[list[Cell]] = []
        self._advertisers: list[list[Cell]] = []

    def add_day(self, log: DayLog, counts: DayCounts) -> None:
        """Adds the rows of one day to every mart of slices."""
        requests, world = log.requests, self._world
        advertisers = len(world.advertisers)
        on = world.settings.date_of(log.day).isoformat()
        regions = world.vocabularies["region_code"]
        columns = (*COMPONENTS, *DISTINCT)

        def emit(
            to: list[list[Cell]],
            keys: tuple[Cell, ...],
            names: tuple[str, ...],
            codes: IntArray,
            wanted: tuple[str, ...],
        ) -> None:
            found = add_up(counts, codes, len(names), advertisers)
            for place, name in enumerate(names):
                if found["requests"][place]:
                    cells = [_cell(column, int(found[column][place])) for column in wanted]
                    to.append([on, *keys, name, *cells])

        everything = np.zeros(len(requests.time), dtype=np.int64)
        emit(self._revenue, (), (ALL,), everything, columns)
        emit(self._revenue, (), SURFACES, requests.surface, columns)

        country = np.where(requests.region == NULL_CODE, NULL_CODE, REGION_COUNTRY[requests.region])
        dimensions: dict[str, tuple[tuple[str, ...], IntArray]] = {
            "surface": (SURFACES, requests.surface),
            "entry_point": (ENTRY_POINTS, requests.entry),
            "app_id": (world.vocabularies["app_id"], requests.app),
            "region_code": (regions, requests.region),
            "country_code": (COUNTRIES, country),
            "device_type": (DEVICE_TYPES, requests.device),
            "user_type": (("anonymous", "known"), ints(requests.known)),
        }
        for dimension, (names, codes) in dimensions.items():
            named, filled = _with_unknown(names, codes)
            emit(self._segments, (dimension,), named, filled, columns)

        def only(surface: int, codes: IntArray) -> IntArray:
            return np.where(requests.surface == surface, codes, NULL_CODE)

        search = (SURFACES[SEARCH],)
        emit(self._search, search, (ALL,), only(SEARCH, everything), _SEARCH_COLUMNS)
        emit(
            self._search,
            search,
            DEVICE_TYPES,
            only(SEARCH, requests.device),
            _SEARCH_COLUMNS,
        )
        named, filled = _with_unknown(regions, requests.region)
        emit(self._local, (), (ALL,), only(LOCAL, everything), _LOCAL_COLUMNS)
        emit(self._local, (), named, only(LOCAL, filled), _LOCAL_COLUMNS)

        found = counts.per_advertiser
        seen = np.sum([found[name] != 0 for name in _ADVERTISER_COLUMNS], axis=0)
        for code in np.flatnonzero(seen):
            cells = [_cell(name, int(found[name][code])) for name in _ADVERTISER_COLUMNS]
            self._advertisers.append([on, self._ids[code], *cells])

    def marts(self) -> dict[str, Mart]:
        """Every mart of slices."""
        everything = (*COMPONENTS, *DISTINCT)
        segment = ("requested_on", "dimension", "dimension_value")
        search = ("requested_on", "surface", "device_type")
        return {
            "revenue_daily": mart(("requested_on", "surface", *everything), self._revenue),
            "revenue_daily_by_segment": mart((*segment, *everything), self._segments),
            "search_metrics_daily": mart((*search, *_SEARCH_COLUMNS), self._search),
            "local_funnel_daily": mart(
                ("requested_on", "region_code", *_LOCAL_COLUMNS), self._local
            ),
            "advertiser_daily": mart(
                ("requested_on", "advertiser_id", *_ADVERTISER_COLUMNS),
                self._advertisers,
            ),
        }


def _cell(column: str, value: int) -> Cell:
    return decimal_text(value) if column in MONEY else value


def _with_unknown(names: tuple[str, ...], codes: IntArray) -> tuple[tuple[str, ...], IntArray]:
    return (*names, UNKNOWN), np.where(codes == NULL_CODE, len(names), codes)
