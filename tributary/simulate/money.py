"""Exact money: conversion by integer arithmetic, and amounts as decimal text."""

from tributary.simulate.arrays import IntArray, ints

RATE_SCALE = 100_000_000
MICROS = 1_000_000


def convert_half_even(amounts: IntArray, rates: IntArray) -> IntArray:
    """Micros times a rate of 8 decimals, rounded half to even.

    The amount is split at the scale of the rate, so that no product leaves 64 bits.
    """
    whole, rest = amounts // RATE_SCALE, amounts % RATE_SCALE
    fraction = rest * rates
    floor = whole * rates + fraction // RATE_SCALE
    twice = 2 * (fraction % RATE_SCALE)
    round_up = (twice > RATE_SCALE) | ((twice == RATE_SCALE) & (floor % 2 == 1))
    return ints(floor + round_up)


def decimal_text(micros: int) -> str:
    """Micros as currency units with six decimals: -1500000 is "-1.500000"."""
    sign = "-" if micros < 0 else ""
    units, rest = divmod(abs(micros), MICROS)
    return f"{sign}{units}.{rest:06d}"


def rate_text(rate: int) -> str:
    """A scaled rate as decimal text without trailing zeros."""
    units, rest = divmod(rate, RATE_SCALE)
    return f"{units}.{rest:08d}".rstrip("0").rstrip(".")
