"""The marts of predictions from judged rows, case by case; buckets are for ranks and bins alone."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from recompute.judge import Platform
from recompute.rows import Row, number, truth

Figures = dict[str, Any]
Mart = dict[tuple[Any, ...], Figures]

ALL = "(all)"
UNKNOWN = "(unknown)"
CLIP = 1e-6
BINS = 10


@dataclass(frozen=True)
class Case:
    """One prediction and what came: 0 or 1. `p` is None where none was made that is a share."""

    p: Decimal | None
    came: int
    day: date

    @property
    def millionths(self) -> int:
        assert self.p is not None
        return int(self.p * 1_000_000 + Decimal("0.5"))

    def cut(self, digits: int) -> int:
        """The prediction in millionths, to so many significant digits."""
        below: int = 10 ** min(max(len(str(self.millionths)) - digits, 0), 6 - digits)
        return self.millionths // below * below

    @property
    def loss(self) -> int:
        """Its logarithmic loss in trillionths."""
        assert self.p is not None
        chance = float(self.p) if self.came else 1 - float(self.p)
        return math.floor(-math.log(min(max(chance, CLIP), 1 - CLIP)) * 1e12 + 0.5)


Slices = dict[tuple[Any, ...], list[Case]]


def calibrations(platform: Platform) -> Mart:
    """Every row of prediction_calibration."""
    slices = _slices(platform)
    days: dict[date, set[date]] = defaultdict(set)
    for key, cases in slices.items():
        days[key[0]] |= {case.day for case in cases}
    return {
        key: {"first_day": min(days[key[0]]), "last_day": max(days[key[0]]), **_measured(cases)}
        for key, cases in slices.items()
    }


def buckets(platform: Platform) -> Mart:
    """Every row of prediction_calibration_buckets."""
    mart: Mart = {}
    for key, cases in _slices(platform).items():
        for lower, inside in _by_bucket(cases, 1).items():
            above = lower + (10 ** (len(str(lower)) - 1) if lower else 1)
            shown = {"predicted_from": lower / 1e6, "predicted_to": min(above, 1_000_000) / 1e6}
            mart[(*key, lower)] = {**shown, **_rates(inside)}
    return mart


def _slices(platform: Platform) -> Slices:
    clicked, converted = set(), set()
    for click in platform.accepted("clicks"):
        if click.role == "valid":
            clicked.add(id(click.impression))
    for action in platform.accepted("actions"):
        if action.role == "valid":
            converted.add(id(action.impression))
    tiers = {row["advertiser_id"]: row["tier"] for row in platform.references["advertisers"]}
    slices: Slices = defaultdict(list)
    for impression in platform.accepted("impressions"):
        if truth(impression.raw["is_commercial"]) is not True:
            continue
        is_clicked = id(impression) in clicked
        cases = [("ctr", "predicted_ctr", is_clicked)]
        if is_clicked:
            cases.append(("cvr", "predicted_cvr", id(impression) in converted))
        for prediction, column, came in cases:
            case = Case(_share(impression.raw[column]), int(came), _day(impression))
            week = case.day - timedelta(case.day.weekday())
            for dimension, value in _cuts(impression, tiers):
                slices[week, prediction, dimension, value].append(case)
    return slices


def _cuts(impression: Row, tiers: dict[str | None, str | None]) -> Iterable[tuple[str, str]]:
    assert impression.request
    position = impression.raw["position"]
    yield ALL, ALL
    yield "surface", impression.request.raw["surface"] or UNKNOWN
    yield "position", UNKNOWN if position is None else "11+" if int(position) > 10 else position
    yield "tier", tiers.get(impression.raw["advertiser_id"]) or UNKNOWN


def _day(impression: Row) -> date:
    assert impression.request
    assert impression.request.day
    return impression.request.day


def _share(text: str | None) -> Decimal | None:
    value = number(text)
    return Decimal(text or "") if value is not None and 0 <= value <= 1 else None


def _by_bucket(cases: list[Case], digits: int) -> dict[int, list[Case]]:
    found: dict[int, list[Case]] = defaultdict(list)
    for case in cases:
        if case.p is not None:
            found[case.cut(digits)].append(case)
    return dict(sorted(found.items()))


def _total(cases: list[Case], part: Callable[[Decimal, int], Decimal]) -> Decimal:
    return sum((part(case.p, case.came) for case in cases if case.p is not None), Decimal(0))


def _over(numerator: Any, denominator: Any) -> float | None:
    return float(numerator) / float(denominator) if denominator else None


def _rates(cases: list[Case]) -> Figures:
    n, came = len(cases), sum(case.came for case in cases)
    predicted = _total(cases, lambda p, _: p)
    variance = _total(cases, lambda p, _: p * (1 - p))
    return {
        "predictions": n,
        "observed": came,
        "predicted": predicted,
        "variance": variance,
        "predicted_rate": _over(predicted, n),
        "observed_rate": _over(came, n),
        "pred_over_obs": _over(predicted, came),
        "z": _over(came - predicted, math.sqrt(variance)),
    }


def _measured(all_cases: list[Case]) -> Figures:
    cases = [case for case in all_cases if case.p is not None]
    shown = _rates(cases)
    n, came = len(cases), shown["observed"]
    squared = _total(cases, lambda p, y: (p - y) ** 2)
    loss = sum(case.loss for case in cases) / 1e12
    rate = came / n if n else 0
    entropy = 0.0
    if 0 < rate < 1:
        entropy = -(rate * math.log(rate) + (1 - rate) * math.log(1 - rate))
    normalized = _over(loss / n, entropy) if n else None
    cells = list(_by_bucket(cases, 2).values())
    errors = _errors_of_bins(cells, n)
    return {
        **shown,
        "unpredicted": len(all_cases) - n,
        "squared_error": squared,
        "log_loss_sum": loss,
        "log_loss": _over(loss, n),
        "normalized_entropy": normalized,
        "relative_information_gain": None if normalized is None else 1 - normalized,
        "brier": _over(squared, n),
        "ece": sum(size * error for size, error in errors) / n if n else None,
        "mce": max(error for _, error in errors) if n else None,
        "auc": _auc(cells, n, came),
    }


def _errors_of_bins(cells: list[list[Case]], n: int) -> list[tuple[int, float]]:
    bins: dict[int, list[Case]] = defaultdict(list)
    below = 0
    for cell in cells:
        bins[BINS * (2 * below + len(cell)) // (2 * n)] += cell
        below += len(cell)
    return [
        (
            len(inside),
            abs(float(_total(inside, lambda p, _: p) - sum(c.came for c in inside))) / len(inside),
        )
        for inside in bins.values()
    ]


def _auc(cells: list[list[Case]], n: int, came: int) -> float | None:
    """Over every pair of a case in which it came and one in which it did not."""
    won = 0.0
    without = 0
    for cell in cells:
        here = sum(case.came for case in cell)
        won += here * (without + (len(cell) - here) / 2)
        without += len(cell) - here
    return _over(won, came * (n - came))
