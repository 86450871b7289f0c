"""Defects that a row shows by itself: missing, unreadable, unknown, negative, from the future."""

from tributary.simulate.arrays import NULL_CODE, IntArray
from tributary.simulate.recipes import (
    Candidates,
    Change,
    Recipe,
    Scene,
    commercial_ones,
    copies,
    every,
    put,
    small_refunds,
)
from tributary.simulate.schema import (
    EVENT_TIME,
    GARBLED_TEXT,
    TABLES,
    VOCABULARIES,
    Frame,
)
from tributary.simulate.settings import SECONDS_PER_DAY

REQUIRED = {
    "requests": (
        "request_id", "requested_at", "surface", "entry_point", "device_type", "results_returned",
        "commercial_results_returned", "ingested_at",
    ),
    "impressions": (
        "impression_id", "request_id", "impressed_at", "result_id", "is_commercial", "position",
        "ingested_at", "advertiser_id", "campaign_id", "pricing_model",
    ),
    "clicks": ("click_id", "impression_id", "clicked_at", "is_invalid", "ingested_at"),
    "actions": (
        "action_id", "acted_at", "action_type", "action_value_micros", "currency", "ingested_at",
    ),
    "charges": (
        "charge_id", "charged_event", "event_id", "advertiser_id", "charged_at", "amount_micros",
        "currency", "original_charge_id", "ingested_at",
    ),
}  # fmt: skip
ENUMERATED = {
    "requests": ("surface", "entry_point", "device_type"),
    "impressions": ("pricing_model",),
    "clicks": (),
    "actions": ("action_type",),
    "charges": ("charged_event",),
}
REDELIVERED_WITHOUT = {
    "requests": "surface",
    "impressions": "position",
    "clicks": "is_invalid",
    "actions": "action_type",
    "charges": "charged_event",
}
"""Per table, the column that a damaged second delivery of a good row has lost."""

_AHEAD = 3 * SECONDS_PER_DAY
# Columns that an organic impression leaves empty: damage to them needs a commercial one.
_COMMERCIAL_ONLY = {
    "advertiser_id", "campaign_id", "pricing_model", "bid_micros", "predicted_ctr", "predicted_cvr",
}  # fmt: skip


def _candidates_for(table: str, column: str) -> Candidates:
    if table == "impressions" and column in _COMMERCIAL_ONLY:
        return commercial_ones
    return small_refunds if column == "original_charge_id" else every(table)


def row_recipes(table: str) -> list[Recipe]:
    """Defects that a row shows by itself."""
    found = []
    nulls = {column.name: column.null for column in TABLES[table]}
    for column in REQUIRED[table]:
        reasons: tuple[str, ...] = (f"missing_{column}",)
        if column == "original_charge_id":
            # A refund without its original is negative money out of nowhere.
            reasons += ("negative_amount_without_original",)
        candidates = _candidates_for(table, column)
        found.append(copies(table, reasons, put(**{column: nulls[column]}), candidates=candidates))
    for one in TABLES[table]:
        if one.kind in GARBLED_TEXT:
            candidates = _candidates_for(table, one.name)
            reasons = (f"unparsable_{one.name}",)
            found.append(copies(table, reasons, put(), candidates=candidates, garbled=one.name))
    for column in ENUMERATED[table]:
        unknown = len(VOCABULARIES[column]) - 1
        candidates = _candidates_for(table, column)
        reasons = (f"unknown_{column}",)
        found.append(copies(table, reasons, put(**{column: unknown}), candidates=candidates))
    lost = REDELIVERED_WITHOUT[table]
    found.append(
        copies(
            table,
            (f"missing_{lost}",),
            put(**{lost: nulls[lost]}),
            keeps_key=True,
            name=f"{table}: second delivery without {lost}",
        )
    )
    found.append(copies(table, ("from_the_future",), _clock_ahead(table)))
    return found + _negatives(table)


def _clock_ahead(table: str) -> Change:
    def change(scene: Scene, frame: Frame, rows: IntArray) -> None:
        frame[EVENT_TIME[table]] = frame[EVENT_TIME[table]] + _AHEAD

    return change


def _more_ads_than_results(scene: Scene, frame: Frame, rows: IntArray) -> None:
    frame["commercial_results_returned"] = frame["results_returned"] + 2


def _negative_amount(scene: Scene, frame: Frame, rows: IntArray) -> None:
    frame["amount_micros"] = -frame["amount_micros"]


def _negatives(table: str) -> list[Recipe]:
    """Counts and amounts below zero, and more ads than results."""
    by_table: dict[str, list[Recipe]] = {
        "requests": [
            copies(
                "requests",
                ("negative_results_returned", "commercial_exceeds_returned"),
                put(results_returned=-3, commercial_results_returned=0),
            ),
            copies(
                "requests",
                ("negative_commercial_results_returned",),
                put(commercial_results_returned=-1),
            ),
            copies("requests", ("commercial_exceeds_returned",), _more_ads_than_results),
            copies(
                "requests",
                ("missing_device_type", "unknown_surface"),
                put(device_type=NULL_CODE, surface=len(VOCABULARIES["surface"]) - 1),
            ),
        ],
        "impressions": [
            copies("impressions", ("implausible_position",), put(position=0)),
            copies(
                "impressions",
                ("negative_bid_micros",),
                put(bid_micros=-500_000),
                candidates=commercial_ones,
            ),
        ],
        "actions": [
            copies(
                "actions",
                ("negative_action_value_micros",),
                put(action_value_micros=-9_900_000),
            ),
        ],
        "charges": [
            copies(
                "charges",
                ("negative_amount_without_original",),
                _negative_amount,
            ),
        ],
    }
    return by_table.get(table, [])
