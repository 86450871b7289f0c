"""The five event tables as arrays: columns, kinds, vocabularies, and the ids' alphabet.

A frame is a dictionary from column name to array. NULL is a sentinel (see `arrays`), so a frame
can be
gathered, copied and joined with plain numpy, and becomes text only when it is written.
"""

from dataclasses import dataclass
from enum import Enum

import numpy as np

from tributary.simulate.arrays import NULL_CODE, NULL_INT, AnyArray, IntArray

Frame = dict[str, AnyArray]


class Kind(Enum):
    """How a column's array is to be read."""

    ID = "id"
    CODE = "code"
    INTEGER = "integer"
    TIME = "time"
    BOOLEAN = "boolean"
    DOUBLE = "double"


@dataclass(frozen=True)
class Column:
    """One column; `detail` is the prefix of an id or the vocabulary of a code."""

    name: str
    kind: Kind
    detail: str = ""

    @property
    def null(self) -> float | int:
        """The value that stands for NULL."""
        if self.kind in (Kind.INTEGER, Kind.TIME):
            return NULL_INT
        return float("nan") if self.kind is Kind.DOUBLE else NULL_CODE


def _columns(text: str) -> tuple[Column, ...]:
    """Columns from lines such as `surface code:surface`."""
    found = []
    for line in text.split("\n"):
        if not line.strip():
            continue
        name, kind = line.split()
        kind, _, detail = kind.partition(":")
        found.append(Column(name, Kind(kind), detail))
    return tuple(found)


TABLES: dict[str, tuple[Column, ...]] = {
    "requests": _columns("""
        request_id id:r
        requested_at time
        user_id id:u
        device_id id:d
        surface code:surface
        entry_point code:entry_point
        app_id code:app_id
        region_code code:region_code
        country_code code:country_code
        device_type code:device_type
        results_returned integer
        commercial_results_returned integer
        ingested_at time
    """),
    "impressions": _columns("""
        impression_id id:i
        request_id id:r
        impressed_at time
        result_id code:result_id
        is_commercial boolean
        advertiser_id code:advertiser_id
        campaign_id code:campaign_id
        creative_id code:creative_id
        position integer
        pricing_model code:pricing_model
        bid_micros integer
        predicted_ctr double
        predicted_cvr double
        ingested_at time
    """),
    "clicks": _columns("""
        click_id id:c
        impression_id id:i
        clicked_at time
        is_invalid boolean
        invalid_reason code:invalid_reason
        ingested_at time
    """),
    "actions": _columns("""
        action_id id:a
        click_id id:c
        user_id id:u
        advertiser_id code:advertiser_id
        acted_at time
        action_type code:action_type
        action_value_micros integer
        currency code:currency
        ingested_at time
    """),
    "charges": _columns("""
        charge_id id:b
        charged_event code:charged_event
        event_id id:*
        advertiser_id code:advertiser_id
        charged_at time
        amount_micros integer
        currency code:currency
        original_charge_id id:b
        ingested_at time
    """),
}

KEY = {name: columns[0].name for name, columns in TABLES.items()}
EVENT_TIME = {
    "requests": "requested_at",
    "impressions": "impressed_at",
    "clicks": "clicked_at",
    "actions": "acted_at",
    "charges": "charged_at",
}

SURFACES = ("search", "local", "feed", "splash", "video")
ENTRY_POINTS = ("query", "recommend")
DEVICE_TYPES = ("phone", "tablet", "desktop", "tv")
APPS = ("atlas", "lantern", "reel")
PRICING_MODELS = ("cpc", "cpm", "cpa", "cps")
CHARGED_EVENTS = ("impression", "click", "action", "adjustment")
ACTION_TYPES = ("order", "booking", "coupon", "call", "download", "activation")
INVALID_REASONS = ("bot", "hidden_frame", "click_farm")
CURRENCIES = ("CNY", "USD", "JPY", "EUR", "XTS")

SEARCH, LOCAL, FEED, SPLASH, VIDEO = range(5)
CPC, CPM, CPA, CPS = range(4)
ON_IMPRESSION, ON_CLICK, ON_ACTION, ADJUSTMENT = range(4)
CNY, USD, JPY, EUR, XTS = range(5)

GARBLED_TEXT = {
    Kind.TIME: "2026-13-45 25:61:00",
    Kind.INTEGER: "twelve",
    Kind.BOOLEAN: "maybe",
    Kind.DOUBLE: "n/a",
}
"""What stands where a value of the kind should be, in rows that only CSV can carry."""

# Each enumeration ends with a value that it does not know: `unknown_…` rows bear it.
VOCABULARIES: dict[str, tuple[str, ...]] = {
    "surface": (*SURFACES, "kiosk"),
    "entry_point": (*ENTRY_POINTS, "shake"),
    "app_id": APPS,
    "device_type": (*DEVICE_TYPES, "toaster"),
    "pricing_model": (*PRICING_MODELS, "cpx"),
    "charged_event": (*CHARGED_EVENTS, "install"),
    "action_type": (*ACTION_TYPES, "wave"),
    "invalid_reason": INVALID_REASONS,
    "currency": CURRENCIES,
}

EVENT_PREFIXES = "ica"
"""Prefixes of what a charge may stand on: impression, click, action."""
_ALPHABET = np.frombuffer(b"0123456789abcdefghijklmnopqrstuvwxyz", dtype=np.uint8)
_DAY_DIGITS = 2
UNKNOWN_DAY = 36**_DAY_DIGITS - 1
"""Ids of this day are given to no row: whatever points at one is an orphan."""


@dataclass(frozen=True)
class IdSpace:
    """How long ids are. An event's number is its day times a power of 36, plus a number in the
    day.
    """

    event_digits: int
    user_digits: int

    @classmethod
    def for_volume(cls, requests_per_day: int, users: int) -> "IdSpace":
        """The shortest ids that still leave room for a busy day."""
        return cls(_digits(max(1_000, requests_per_day * 64)), _digits(users))

    def number(self, day: int, sequence: IntArray) -> IntArray:
        """Ids of rows of one day."""
        return np.int64(day * 36**self.event_digits) + sequence

    def width(self, prefix: str) -> int:
        """Digits behind the prefix."""
        return self.user_digits if prefix in "ud" else self.event_digits + _DAY_DIGITS


def event_reference(event: int, numbers: IntArray) -> IntArray:
    """`charges.event_id`: the number of the event, and behind it which kind of event."""
    return numbers * 4 + event


def _digits(largest: int) -> int:
    digits = 1
    while 36**digits < largest:
        digits += 1
    return digits


def id_bytes(prefixes: AnyArray | str, numbers: IntArray, width: int) -> AnyArray:
    """Ids as a matrix of bytes, one row an id: a prefix and the number in base 36."""
    text = np.empty((len(numbers), width + 1), dtype=np.uint8)
    text[:, 0] = ord(prefixes) if isinstance(prefixes, str) else prefixes
    rest = np.maximum(numbers, 0)
    for digit in range(width, 0, -1):
        rest, last = np.divmod(rest, 36)
        text[:, digit] = _ALPHABET[last]
    return text


def take(frame: Frame, rows: AnyArray) -> Frame:
    """The named rows, as a frame of its own."""
    return {name: values[rows] for name, values in frame.items()}


def rows_in(frame: Frame) -> int:
    """Number of rows."""
    return len(next(iter(frame.values())))


def join(frames: list[Frame]) -> Frame:
    """Frames of one table, one below the other."""
    return {name: np.concatenate([frame[name] for frame in frames]) for name in frames[0]}
