"""Array types, and the few vectorised helpers that every part of the simulator shares."""

from typing import Any

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
AnyArray = npt.NDArray[Any]

NULL_INT = int(np.iinfo(np.int64).min)
"""Stands for NULL in counts, amounts and times."""
NULL_CODE = -1
"""Stands for NULL in ids, booleans and dictionary codes."""

_LOW_BITS = 24


def ints(values: AnyArray) -> IntArray:
    """The values as 64-bit integers."""
    return values.astype(np.int64, copy=False)


def truths(values: AnyArray) -> BoolArray:
    """The values as booleans."""
    return values.astype(np.bool_, copy=False)


def count_by(codes: IntArray, size: int) -> IntArray:
    """How often each code 0 .. size - 1 occurs."""
    return ints(np.bincount(codes, minlength=size))


def sum_by(codes: IntArray, values: IntArray, size: int) -> IntArray:
    """Exact integer sums per code. Two halves are summed apart, so that no double loses a digit."""
    high = np.bincount(codes, weights=values >> _LOW_BITS, minlength=size)
    low = np.bincount(codes, weights=values & ((1 << _LOW_BITS) - 1), minlength=size)
    return (high.astype(np.int64) << _LOW_BITS) + low.astype(np.int64)


def choose(rng: np.random.Generator, shares: FloatArray, rows: IntArray) -> IntArray:
    """One draw per element from the row of `shares` that `rows` names."""
    return pick(shares, rows, rng.random(len(rows)))


def pick(shares: FloatArray, rows: IntArray, uniform: FloatArray) -> IntArray:
    """The column at which the running share of the row passes `uniform`."""
    cumulative = np.cumsum(shares, axis=1)
    cumulative /= cumulative[:, -1:]
    chosen = np.zeros(len(rows), dtype=np.int64)
    for column in range(shares.shape[1] - 1):
        chosen += uniform >= cumulative[rows, column]
    return chosen


def sample(rng: np.random.Generator, candidates: IntArray, count: int) -> IntArray:
    """Up to `count` different candidates, in ascending order."""
    if count >= len(candidates):
        return candidates
    return np.sort(rng.choice(candidates, size=count, replace=False))
