"""Ratios: each is its sums, has a value wherever it can have one, and lies within its bounds."""

from collections.abc import Iterator, Mapping
from typing import Any

from tributary.audit.check import Check, Part
from tributary.audit.checks.rows import part_of
from tributary.audit.declarations import Declarations, Mart
from tributary.audit.sql import as_text, name, quoted

FAMILY = "ratios"
ROUNDING = "1e-12"
"""Relative difference that two ways of rounding one quotient may show."""


def checks(declarations: Declarations) -> list[Check]:
    """The checks of ratios."""
    return [
        Check(
            "ratios_are_finite",
            FAMILY,
            "has no NaN and no infinity",
            tuple(_finite(mart) for mart in declarations.marts.values() if _doubles(mart)),
        ),
        Check(
            "ratios_equal_their_sums",
            FAMILY,
            "shows each ratio as the quotient of the sums beside it, and NULL exactly where the "
            "denominator is 0",
            tuple(_quotients(declarations)),
        ),
        Check(
            "ratio_bounds_hold",
            FAMILY,
            "shows each ratio within its declared bounds",
            tuple(_bounds(declarations)),
        ),
    ]


def formula(metric: Mapping[str, Any]) -> str:
    """A declared metric over columns that hold its components, NULL where the denominator is 0."""
    numerator = f"cast({name(metric['numerator'])} as double)"
    if metric.get("minus"):
        # The difference of two exact amounts is exact; that of two doubles would not be.
        numerator = f"cast({name(metric['numerator'])} - {name(metric['minus'])} as double)"
    scale = metric.get("scale", 1)
    return (
        f"case when {name(metric['denominator'])} <> 0 then {scale} * {numerator}"
        f" / cast({name(metric['denominator'])} as double) end"
    )


def components(metric: Mapping[str, Any]) -> list[str]:
    """Columns that a declared metric is made from."""
    parts = [metric["numerator"], metric["denominator"], metric.get("minus")]
    return [part for part in parts if part]


def _doubles(mart: Mart) -> list[str]:
    return [column.name for column in mart.columns if column.is_double]


def _finite(mart: Mart) -> Part:
    return part_of(
        mart,
        [
            (
                f"coalesce(isfinite({name(column)}), true)",
                f"{quoted(f'{column} is ')} || {as_text(name(column))}",
            )
            for column in _doubles(mart)
        ],
    )


def _shown(declarations: Declarations, mart: Mart) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for metric, declared in declarations.metrics.items():
        if metric in mart.names:
            yield metric, declared


def _quotients(declarations: Declarations) -> Iterator[Part]:
    for mart in declarations.marts.values():
        conditions = []
        for metric, declared in _shown(declarations, mart):
            if not mart.has(components(declared)):
                continue
            shown, made = name(metric), formula(declared)
            conditions.append(
                (
                    f"({shown} is null) = ({name(declared['denominator'])} = 0)"
                    f" and ({shown} is null or "
                    f"abs({shown} - {made}) <= {ROUNDING} * greatest(1, abs({made})))",
                    f"{quoted(f'{metric} is ')} || {as_text(shown)}"
                    f" || ' and its sums give ' || {as_text(made)}",
                )
            )
        if conditions:
            yield part_of(mart, conditions)


def _bounds(declarations: Declarations) -> Iterator[Part]:
    for mart in declarations.marts.values():
        conditions = []
        for metric, declared in _shown(declarations, mart):
            for bound, sign in (("at_least", ">="), ("at_most", "<=")):
                if bound in declared:
                    said = f"{quoted(f'{metric} is ')} || {as_text(name(metric))} || " + quoted(
                        f", {bound.replace('_', ' ')} {declared[bound]}"
                    )
                    limit = f"coalesce({name(metric)} {sign} {declared[bound]}, true)"
                    conditions.append((limit, said))
        if conditions:
            yield part_of(mart, conditions)
