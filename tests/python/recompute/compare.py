"""Hold one mart against another, row by row and in both directions."""

import math
from decimal import Decimal
from typing import Any

from recompute.figures import Mart

RELATIVE = 1e-12
SHOWN = 10


def differences(name: str, ours: Mart, theirs: Mart, columns: list[str] | None = None) -> list[str]:
    """What differs, as sentences; empty where nothing does.

    Args:
        name: the mart, for the sentences.
        ours: the figures to be believed.
        theirs: the figures to be checked.
        columns: columns to compare; by default all that both have.
    """
    if not ours or not theirs:
        return [f"{name}: {len(ours)} rows expected, {len(theirs)} found; neither may be empty"]
    found = [f"{name} {key}: missing" for key in ours.keys() - theirs.keys()]
    found += [f"{name} {key}: not expected" for key in theirs.keys() - ours.keys()]
    for key in ours.keys() & theirs.keys():
        shared = columns or [c for c in ours[key] if c in theirs[key]]
        for column in shared:
            expected, actual = ours[key][column], theirs[key][column]
            if not same(expected, actual):
                found.append(f"{name} {key} {column}: expected {expected!r}, found {actual!r}")
    return found


def same(expected: Any, actual: Any) -> bool:
    """Doubles to twelve digits, everything else exactly."""
    if expected is None or actual is None:
        return expected is None and actual is None
    if isinstance(expected, float) or isinstance(actual, float):
        return math.isclose(float(expected), float(actual), rel_tol=RELATIVE, abs_tol=1e-15)
    if isinstance(actual, Decimal) or isinstance(expected, Decimal):
        return Decimal(expected) == Decimal(actual)
    return bool(expected == actual)
