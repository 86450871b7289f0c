"""Defects that show only beside other rows: orphans, reversed times, money on what cannot be paid
for.
"""

from collections.abc import Callable

import numpy as np

from tributary.simulate.arrays import NULL_CODE, BoolArray, IntArray, ints, truths
from tributary.simulate.outcomes import INVALID
from tributary.simulate.recipes import (
    RATE,
    Candidates,
    Change,
    Recipe,
    Scene,
    copies,
    every,
    lines_on,
    put,
    refunds,
    small_refunds,
    traced,
)
from tributary.simulate.schema import (
    EUR,
    EVENT_TIME,
    KEY,
    ON_ACTION,
    ON_CLICK,
    ON_IMPRESSION,
    UNKNOWN_DAY,
    XTS,
    Frame,
    event_reference,
    rows_in,
)

_BACK = 900


def relation_recipes() -> list[Recipe]:
    """Every recipe of this kind."""
    return _parent_checks() + _charge_checks() + _rate_checks()


def _unknown(scene: Scene, rows: IntArray) -> IntArray:
    """Ids that no row bears."""
    return scene.ids.number(UNKNOWN_DAY, ints(rows))


def _to_unknown(column: str) -> Change:
    def change(scene: Scene, frame: Frame, rows: IntArray) -> None:
        frame[column] = _unknown(scene, rows)

    return change


def _to_unknown_event(kind: int) -> Change:
    def change(scene: Scene, frame: Frame, rows: IntArray) -> None:
        frame["event_id"] = event_reference(kind, _unknown(scene, rows))

    return change


def _to_refund(scene: Scene, frame: Frame, rows: IntArray) -> None:
    """An adjustment of an adjustment: the original must be a charge."""
    frame["original_charge_id"] = scene.log.frames["charges"][KEY["charges"]][rows]


def _before_parent(table: str, parents: Callable[[Scene], IntArray]) -> Change:
    def change(scene: Scene, frame: Frame, rows: IntArray) -> None:
        frame[EVENT_TIME[table]] = parents(scene)[rows] - _BACK

    return change


def _parent_checks() -> list[Recipe]:
    """Defects that show only beside the parent."""
    return [
        copies("impressions", ("orphan_impression",), _to_unknown("request_id"), rate=1e-4),
        copies("clicks", ("orphan_click",), _to_unknown("impression_id"), rate=1e-4),
        copies(
            "actions",
            ("orphan_action",),
            _to_unknown("click_id"),
            candidates=traced,
            rate=1e-4,
        ),
        copies(
            "impressions",
            ("time_reversed",),
            _before_parent(
                "impressions",
                lambda scene: scene.log.requests.time[scene.log.impressions.request],
            ),
        ),
        copies(
            "clicks",
            ("time_reversed",),
            _before_parent(
                "clicks",
                lambda scene: scene.log.impressions.time[scene.log.clicks.impression],
            ),
        ),
        copies(
            "actions",
            ("time_reversed",),
            _before_parent(
                "actions", lambda scene: scene.log.clicks.time[scene.log.actions.origin]
            ),
            candidates=traced,
        ),
        copies(
            "charges",
            ("time_reversed",),
            _before_parent("charges", lambda scene: scene.log.charges.parent_time),
        ),
        copies(
            "charges",
            ("time_reversed",),
            _before_parent("charges", lambda scene: scene.log.charges.parent_time),
            candidates=small_refunds,
            minimum=1,
            name="charges: refund before its original",
        ),
    ]


def _charge_checks() -> list[Recipe]:
    """Ledger lines on events that are unknown, untraced or invalid."""
    orphan = ("orphan_charge",)
    return [
        copies(
            "charges",
            orphan,
            _to_unknown_event(ON_CLICK),
            candidates=lines_on(ON_CLICK),
            minimum=6,
            rate=2e-3,
            name="charges: on an unknown click",
        ),
        copies(
            "charges",
            orphan,
            _to_unknown_event(ON_IMPRESSION),
            candidates=lines_on(ON_IMPRESSION),
            name="charges: on an unknown impression",
        ),
        copies(
            "charges",
            orphan,
            _to_unknown_event(ON_ACTION),
            candidates=lines_on(ON_ACTION),
            minimum=1,
            name="charges: on an unknown action",
        ),
        copies(
            "charges",
            orphan,
            _to_unknown("original_charge_id"),
            candidates=refunds,
            minimum=1,
            name="charges: refund of an unknown charge",
        ),
        copies(
            "charges",
            orphan,
            _to_refund,
            candidates=refunds,
            minimum=1,
            name="charges: refund of a refund",
        ),
        Recipe(
            name="charges: on an untraced action",
            table="charges",
            source="actions",
            reasons=orphan,
            candidates=lambda scene: scene.log.actions.click == NULL_CODE,
            build=_lines_on_actions,
            minimum=1,
            rate=RATE,
            any_day=True,
        ),
        Recipe(
            name="charges: on an invalid click",
            table="charges",
            source="clicks",
            reasons=("charge_on_invalid_click",),
            candidates=_invalid_ad_clicks,
            build=_lines_on_clicks,
            minimum=5,
            rate=1e-3,
        ),
        Recipe(
            name="charges: on an action of an invalid click",
            table="charges",
            source="actions",
            reasons=("charge_on_invalid_click",),
            candidates=_actions_of_invalid_clicks,
            build=_lines_on_actions,
            minimum=1,
            rate=RATE,
            any_day=True,
        ),
        Recipe(
            name="charges: on an invalid click, and before it",
            table="charges",
            source="clicks",
            reasons=("time_reversed", "charge_on_invalid_click"),
            candidates=_invalid_ad_clicks,
            build=_early_lines_on_clicks,
            minimum=1,
            rate=RATE,
        ),
    ]


def _invalid_ad_clicks(scene: Scene) -> BoolArray:
    clicks = scene.log.clicks
    return truths((clicks.state == INVALID) & scene.log.impressions.commercial[clicks.impression])


def _actions_of_invalid_clicks(scene: Scene) -> BoolArray:
    log = scene.log
    commercial = log.impressions.commercial[log.clicks.impression[log.actions.origin]]
    return truths(traced(scene) & commercial & (log.clicks.state[log.actions.origin] == INVALID))


def _lines(
    scene: Scene,
    kind: int,
    numbers: IntArray,
    impression: IntArray,
    time: IntArray,
    amount: IntArray,
) -> Frame:
    advertiser = scene.log.impressions.advertiser[impression]
    nothing = np.full(len(numbers), NULL_CODE, dtype=np.int64)
    return {
        "charge_id": nothing,
        "charged_event": np.full(len(numbers), kind, dtype=np.int64),
        "event_id": event_reference(kind, numbers),
        "advertiser_id": advertiser,
        "charged_at": time,
        "amount_micros": amount,
        "currency": scene.world.advertiser_currency[advertiser],
        "original_charge_id": nothing,
        "ingested_at": time + 40,
    }


def _lines_on_clicks(scene: Scene, rows: IntArray) -> Frame:
    log = scene.log
    impression = log.clicks.impression[rows]
    numbers = log.frames["clicks"]["click_id"][rows]
    typical = scene.world.advertiser_value[log.impressions.advertiser[impression]] / 120
    amount = ints(np.maximum(np.rint(typical / 10_000), 1)) * 10_000
    return _lines(scene, ON_CLICK, numbers, impression, log.clicks.time[rows] + 9, amount)


def _early_lines_on_clicks(scene: Scene, rows: IntArray) -> Frame:
    frame = _lines_on_clicks(scene, rows)
    frame["charged_at"] = frame["charged_at"] - _BACK
    return frame


def _lines_on_actions(scene: Scene, rows: IntArray) -> Frame:
    log = scene.log
    impression = log.clicks.impression[log.actions.origin[rows]]
    numbers = log.frames["actions"]["action_id"][rows]
    typical = scene.world.advertiser_value[log.impressions.advertiser[impression]] / 11
    amount = ints(np.rint(typical / 10_000)) * 10_000
    return _lines(scene, ON_ACTION, numbers, impression, log.actions.time[rows] + 9, amount)


def _rate_checks() -> list[Recipe]:
    """Money that no rate converts: a currency nobody knows, and a day whose rate is missing."""

    def on_gap_day(table: str) -> Candidates:
        def candidates(scene: Scene) -> BoolArray:
            gap_day = scene.world.rate_gap_day
            if gap_day is None:
                return np.zeros(rows_in(scene.log.frames[table]), dtype=np.bool_)
            time = scene.log.frames[table][EVENT_TIME[table]]
            return truths((scene.day_of(time) == gap_day) & every(table)(scene))

        return candidates

    found = []
    for table in ("actions", "charges"):
        found.append(
            copies(
                table,
                ("no_fx_rate",),
                put(currency=XTS),
                rate=2e-4,
                name=f"{table}: in an unknown currency",
            )
        )
        found.append(
            copies(
                table,
                ("no_fx_rate",),
                put(currency=EUR),
                candidates=on_gap_day(table),
                any_day=True,
                name=f"{table}: on a day without a rate",
            )
        )
    found.append(
        copies(
            "charges",
            ("orphan_charge", "no_fx_rate"),
            _unknown_in_every_way,
            candidates=lines_on(ON_IMPRESSION),
            minimum=1,
        )
    )
    return found


def _unknown_in_every_way(scene: Scene, frame: Frame, rows: IntArray) -> None:
    _to_unknown_event(ON_IMPRESSION)(scene, frame, rows)
    put(currency=XTS)(scene, frame, rows)
