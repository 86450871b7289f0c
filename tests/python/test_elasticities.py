"""Elasticities against the least squares of numpy, over days whose elasticity is known."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from tributary.rendering import Renderer

FIRST_DAY = date(2026, 3, 4)
COMPONENTS = ("requests", "ad_requests", "ad_impressions", "ad_clicks")
Figures = dict[str, Any]


def days_of(
    days: int, requests: float, elasticity: float, spread: float, noise: float
) -> list[tuple[Any, ...]]:
    """Days with weekends, growth and, on some, more ads on a page: CTR2 follows by `elasticity`."""
    rng = np.random.default_rng(11)
    rows = []
    for number in range(days):
        weekend = (FIRST_DAY + timedelta(number)).weekday() >= 5
        asn = 2.5 * (1.2 if weekend else 1.0) * np.exp(rng.normal(0, spread) + 0.004 * number)
        ctr2 = 0.05 * (0.8 if weekend else 1.0) * (asn / 2.5) ** elasticity
        ctr2 *= np.exp(rng.normal(0, noise) + 0.003 * number)
        served = requests * (0.7 if weekend else 1.0) * np.exp(rng.normal(0, 0.02))
        counts = [served, 0.6 * served, 0.6 * served * asn, 0.6 * served * asn * ctr2]
        whole = [round(count) for count in counts]
        rows.append((FIRST_DAY + timedelta(number), *whole, round(1.5 * whole[-1], 2)))
    return rows


def elasticities(root: Path, rows: list[tuple[Any, ...]]) -> dict[tuple[str, str], Figures]:
    """What the mart's own SQL makes of daily slices, by driver and response."""
    renderer = Renderer.of_project(root)
    with duckdb.connect() as connection:
        connection.execute(
            "create table slices (requested_on date, "
            + ", ".join(f"{name} bigint" for name in COMPONENTS)
            + ", revenue decimal(38, 6))"
        )
        connection.executemany("insert into slices values (?, ?, ?, ?, ?, ?)", rows)
        connection.execute(
            "create view sliced as select '(all)' as dimension, '(all)' as dimension_value, * "
            "from slices"
        )
        found = connection.execute(
            f"with {renderer.call('elasticity_steps', 'sliced')} select * from judged"
        )
        names = [column[0] for column in found.description or []]
        figures = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    return {(row["driver"], row["response"]): row for row in figures}


def by_numpy(rows: list[tuple[Any, ...]]) -> tuple[float, float]:
    """Elasticity of CTR2 on ASN and its standard error: weekday dummies, a trend, one driver."""
    served = np.array([row[1:5] for row in rows], dtype=float)
    asn, ctr2 = served[:, 2] / served[:, 1], served[:, 3] / served[:, 2]
    weekdays = np.array([[row[0].weekday() == day for day in range(7)] for row in rows], float)
    design = np.column_stack([np.log(asn), weekdays, np.arange(len(rows))])
    y = np.log(ctr2)
    fitted, *_ = np.linalg.lstsq(design, y)
    rest = y - design @ fitted
    variance = rest @ rest / (len(y) - design.shape[1])
    return float(fitted[0]), float(np.sqrt(variance * np.linalg.inv(design.T @ design)[0, 0]))


def test_weekday_and_trend_are_taken_out_as_by_a_regression_on_all_of_them(root: Path) -> None:
    rows = days_of(days=45, requests=2e6, elasticity=-0.6, spread=0.08, noise=0.01)
    found = elasticities(root, rows)
    slope, error = by_numpy(rows)
    one = found["asn", "ctr2"]
    assert one["elasticity"] == pytest.approx(slope, rel=1e-9)
    assert one["standard_error"] == pytest.approx(error, rel=1e-9)
    assert one["elasticity_low"] < -0.6 < one["elasticity_high"]
    assert one["reason"] is None
    assert one["shared_component"] == "ad_impressions"
    assert one["driver_fall"] < -0.05 < 0.05 < one["driver_rise"]
    assert len(found) == 20


@pytest.mark.parametrize(
    ("days", "why"),
    [
        ({"days": 19}, "fewer than 20 days"),
        ({"spread": 0.0}, "hardly moved"),
        # The counts of a small platform move by chance as far as its factors do.
        ({"requests": 150.0}, "chance moves counts"),
        ({"elasticity": 0.0}, "mostly not asn"),
        ({"days": 21, "elasticity": -0.35, "noise": 0.05}, "standard error is large"),
    ],
)
def test_an_elasticity_that_is_not_firm_says_why(
    root: Path, days: dict[str, float], why: str
) -> None:
    usual = {"days": 45, "requests": 2e6, "elasticity": -0.6, "spread": 0.08, "noise": 0.01}
    found = elasticities(root, days_of(**{**usual, **days}))  # type: ignore[arg-type]
    assert why in found["asn", "ctr2"]["reason"]


def test_two_factors_that_only_grow_together_are_not_associated(root: Path) -> None:
    rows = days_of(days=45, requests=2e6, elasticity=0.0, spread=0.05, noise=0.03)
    found = elasticities(root, rows)["asn", "ctr2"]
    levels = np.array([row[1:5] for row in rows], dtype=float)
    together = np.corrcoef(levels[:, 2] / levels[:, 1], levels[:, 3] / levels[:, 2])[0, 1]
    assert abs(together) > 0.3
    assert found["elasticity_low"] < 0 < found["elasticity_high"]
    assert found["reason"]
