"""Ratios: each is its sums, has a value wherever it can have one, and lies within its bounds."""

from collections.abc import Iterator, Mapping
from typing import Any

from tributary.audit.check import Check, Part, table
from tributary.audit.checks.rows import key_of
from tributary.audit.declarations import Declarations, Mart
from tributary.audit.sql import as_text, name, values_that_break

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


def _part(mart: Mart, values: dict[str, dict[str, str]], condition: str, said: str) -> Part:
    sql = values_that_break(mart.name, key_of(mart), values, condition, said, table(mart.name))
    return Part(mart.name, sql, (mart.name,))


def _finite(mart: Mart) -> Part:
    return _part(
        mart,
        {column: {"shown": name(column)} for column in _doubles(mart)},
        "coalesce(isfinite(shown), true)",
        f"label || ' is ' || {as_text('shown')}",
    )


def _shown(declarations: Declarations, mart: Mart) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for metric, declared in declarations.metrics.items():
        if metric in mart.names:
            yield metric, declared


def _quotients(declarations: Declarations) -> Iterator[Part]:
    for mart in declarations.marts.values():
        values = {
            metric: {
                "shown": name(metric),
                "made": formula(declared),
                "has_none": f"{name(declared['denominator'])} = 0",
            }
            for metric, declared in _shown(declarations, mart)
            if mart.has(components(declared))
        }
        if values:
            yield _part(
                mart,
                values,
                "(shown is null) = has_none and (shown is null or"
                f" abs(shown - made) <= {ROUNDING} * greatest(1, abs(made)))",
                f"label || ' is ' || {as_text('shown')} || ' and its sums give ' ||"
                f" {as_text('made')}",
            )


def _bounds(declarations: Declarations) -> Iterator[Part]:
    for mart in declarations.marts.values():
        values = {
            metric: {
                "shown": name(metric),
                "least": f"cast({declared.get('at_least', 'null')} as double)",
                "most": f"cast({declared.get('at_most', 'null')} as double)",
            }
            for metric, declared in _shown(declarations, mart)
            if "at_least" in declared or "at_most" in declared
        }
        if values:
            yield _part(
                mart,
                values,
                "coalesce(shown >= least, true) and coalesce(shown <= most, true)",
                f"label || ' is ' || {as_text('shown')} || coalesce(', at least ' || least, '')"
                " || coalesce(', at most ' || most, '')",
            )
