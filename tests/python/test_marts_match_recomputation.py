"""The marts against two computations that share no SQL with them.

The raw seeds recomputed in plain Python, and the books of the simulator that wrote them.
"""

import copy
import json
import math
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from recompute.compare import SHOWN, differences
from recompute.figures import Mart, recompute
from recompute.identities import statuses

KEYS = {
    "revenue_daily": ["requested_on", "surface"],
    "revenue_daily_by_segment": ["requested_on", "dimension", "dimension_value"],
    "search_metrics_daily": ["requested_on", "surface", "device_type"],
    "local_funnel_daily": ["requested_on", "region_code"],
    "advertiser_daily": ["requested_on", "advertiser_id"],
    "finance_quarterly": ["quarter_starts_on", "currency"],
    "reconciliation_daily": ["reported_on", "currency"],
    "invoice_reconciliation_monthly": ["invoice_month", "advertiser_id", "currency"],
    "quarantine_summary": ["event_on", "event_table", "reason", "currency"],
    "late_arrivals": ["event_on", "event_table"],
    "lateness": ["event_table", "days_late"],
    "conservation_daily": ["event_on", "event_table"],
    "prediction_calibration": ["week_starts_on", "prediction", "dimension", "dimension_value"],
    "prediction_calibration_buckets": [
        *("week_starts_on", "prediction", "dimension", "dimension_value", "bucket_ppm")
    ],
}
# Columns with no figure in them.
TEXTS = {"command", "is_invoiced", "is_waiting", "is_within_lookback"}
NOT_IN_TRUTH = {
    "finance_quarterly",
    "quarantine_summary",
    "lateness",
    "prediction_calibration",
    "prediction_calibration_buckets",
}
IN_TRUTH = [name for name in KEYS if name not in NOT_IN_TRUTH]


@pytest.fixture(scope="module")
def recomputed(root: Path) -> dict[str, Mart]:
    return recompute(root / "seeds")


@pytest.fixture(scope="module")
def truth(root: Path) -> dict[str, Any]:
    books: dict[str, Any] = json.loads((root / "seeds" / "truth.json").read_text("utf-8"))
    return books


@pytest.fixture(scope="module")
def marts(built_warehouse: Path) -> dict[str, Mart]:
    with duckdb.connect(str(built_warehouse), read_only=True) as connection:
        return {name: _read(connection, name, keys) for name, keys in KEYS.items()}


def _read(connection: duckdb.DuckDBPyConnection, name: str, keys: list[str]) -> Mart:
    rows = connection.execute(f"select * from marts.{name}").fetchall()
    columns = [column[0] for column in connection.description or []]
    mart: Mart = {}
    for values in rows:
        row = dict(zip(columns, values, strict=True))
        key = tuple(row.pop(column) for column in keys)
        assert key not in mart, f"{name}: two rows for {key}"
        mart[key] = row
    return mart


def _from_truth(truth: dict[str, Any], name: str) -> Mart:
    table = truth["marts"][name]
    mart: Mart = {}
    for values in table["rows"]:
        row = dict(zip(table["columns"], values, strict=True))
        key = tuple(_key(row.pop(column)) for column in KEYS[name])
        mart[key] = {
            column: Decimal(value) if isinstance(value, str) else value
            for column, value in row.items()
        }
    return mart


def _key(text: Any) -> Any:
    try:
        return date.fromisoformat(text)
    except (TypeError, ValueError):
        return text


@pytest.mark.parametrize("name", KEYS)
def test_every_figure_of_a_mart_equals_its_recomputation(
    name: str, marts: dict[str, Mart], recomputed: dict[str, Mart]
) -> None:
    figures = [column for column in next(iter(marts[name].values())) if column not in TEXTS]
    found = differences(name, recomputed[name], marts[name], figures)
    assert not found, "\n".join(found[:SHOWN])


@pytest.mark.parametrize("name", IN_TRUTH)
def test_every_figure_of_a_mart_equals_the_simulators_books(
    name: str, marts: dict[str, Mart], truth: dict[str, Any]
) -> None:
    found = differences(name, _from_truth(truth, name), marts[name])
    assert not found, "\n".join(found[:SHOWN])


def test_every_reason_is_counted_as_planted(marts: dict[str, Mart], truth: dict[str, Any]) -> None:
    found: dict[str, dict[str, int]] = {}
    for (_, table, reason, _), row in marts["quarantine_summary"].items():
        reasons = found.setdefault(table, {})
        reasons[reason] = reasons.get(reason, 0) + row["quarantined_rows"]
    planted = {
        table: {reason: counted["rows"] for reason, counted in reasons.items()}
        for table, reasons in truth["reasons"].items()
    }
    assert found == planted
    assert sum(len(reasons) for reasons in planted.values()) > 60


def test_every_planted_gap_is_found_at_its_size(
    built_warehouse: Path, truth: dict[str, Any]
) -> None:
    with duckdb.connect(str(built_warehouse), read_only=True) as connection:
        rows = connection.execute(
            "select period_starts_on, dimension_value, factor, only_in_first, only_in_second "
            "from marts.identity_status where entry = 'double_entry' "
            "and identity = 'five_factor' and dimension = 'surface' "
            "and factor in ('pvr', 'asn', 'ctr2') and only_in_first + only_in_second > 0"
        ).fetchall()
    found = {(str(day), surface, name): (int(a), int(b)) for day, surface, name, a, b in rows}
    columns = ("reported_on", "surface", "quantity", "only_in_first", "only_in_second")
    planted = {}
    for values in truth["gaps"]["rows"]:
        gap = dict(zip(truth["gaps"]["columns"], values, strict=True))
        day, surface, name, a, b = (gap[column] for column in columns)
        planted[day, surface, name] = (a, b)
    assert found == planted
    assert {name for _, _, name in planted} == {"pvr", "asn", "ctr2"}


def test_every_planted_invoice_error_is_found_to_the_micro_unit(
    marts: dict[str, Mart], truth: dict[str, Any]
) -> None:
    assert truth["invoice_errors"]
    for error in truth["invoice_errors"]:
        key = (
            date.fromisoformat(error["invoice_month"]),
            error["advertiser_id"],
            error["currency"],
        )
        row = marts["invoice_reconciliation_monthly"][key]
        # What billing never saw (a line too broken to be on an invoice) is held by the quarantine
        # and so overstates what it explains: the books name the error itself.
        known = _from_truth(truth, "invoice_reconciliation_monthly")[key]
        assert row["unexplained_gap"] == known["unexplained_gap"]
        assert abs(row["unexplained_gap"] - Decimal(error["error_micros"]).scaleb(-6)) < Decimal(
            "0.1"
        )


def test_the_planted_bias_of_each_tiers_predictions_is_found(
    marts: dict[str, Mart], truth: dict[str, Any]
) -> None:
    planted = truth["notes"]["prediction_bias_by_tier"]
    sums: dict[tuple[str, str], list[float]] = {}
    for (_, prediction, dimension, tier), row in marts["prediction_calibration"].items():
        if dimension == "tier":
            added = sums.setdefault((prediction, tier), [0.0, 0.0, 0.0])
            for place, column in enumerate(("observed", "predicted", "variance")):
                added[place] += float(row[column])
    assert set(sums) == {(prediction, tier) for prediction in ("ctr", "cvr") for tier in planted}
    # A prediction is the chance times the bias, times noise whose mean is exp(0.2 ** 2 / 2). Clicks
    # that are invalid, and rows held back, make it a few percent more.
    for (prediction, tier), (observed, predicted, variance) in sums.items():
        expected = predicted / (planted[tier] * 1.02)
        assert abs(observed - expected) < 4 * variance**0.5, (prediction, tier)
    # The worst bias stands out of chance, and no bias does not.
    z = {key: (seen - said) / variance**0.5 for key, (seen, said, variance) in sums.items()}
    assert z["ctr", "small"] < -4 < -3 < z["ctr", "key"]
    ratio = {key: said / seen for key, (seen, said, _) in sums.items()}
    assert max(planted, key=planted.__getitem__) == max(planted, key=lambda t: ratio["ctr", t])
    assert min(planted, key=planted.__getitem__) == min(planted, key=lambda t: ratio["ctr", t])


def test_every_elasticity_is_that_of_a_regression_on_weekdays_and_a_trend(
    built_warehouse: Path, recomputed: dict[str, Mart]
) -> None:
    with duckdb.connect(str(built_warehouse), read_only=True) as connection:
        rows = connection.execute(
            "select dimension_value, driver, response, n, elasticity, standard_error "
            "from marts.factor_elasticities where dimension in ('(all)', 'surface') and n >= 12"
        ).fetchall()
    assert len(rows) > 50
    for surface, driver, response, n, elasticity, error in rows:
        days = [
            (day, float(row[driver]), float(row[response]))
            for (day, name), row in sorted(recomputed["revenue_daily"].items())
            if name == surface and (row[driver] or 0) > 0 and (row[response] or 0) > 0
        ]
        assert len(days) == n
        weekdays = sorted({day.weekday() for day, _, _ in days})
        design = np.array(
            [
                [math.log(x), (day - days[0][0]).days, *(day.weekday() == w for w in weekdays)]
                for day, x, _ in days
            ],
            dtype=float,
        )
        y = np.log([value for _, _, value in days])
        fitted, _, rank, _ = np.linalg.lstsq(design, y)
        if elasticity is None or rank < design.shape[1]:
            assert elasticity is None
            continue
        rest = y - design @ fitted
        variance = rest @ rest / (n - rank) * np.linalg.inv(design.T @ design)[0, 0]
        assert elasticity == pytest.approx(fitted[0], rel=1e-7), (surface, driver, response)
        assert error == pytest.approx(variance**0.5, rel=1e-7), (surface, driver, response)


def test_every_identity_has_the_status_that_its_factors_give_it(
    built_warehouse: Path, recomputed: dict[str, Mart]
) -> None:
    expected = statuses(recomputed["revenue_daily"], recomputed["revenue_daily_by_segment"])
    with duckdb.connect(str(built_warehouse), read_only=True) as connection:
        rows = connection.execute(
            "select period_starts_on, dimension, dimension_value, identity, result, product, "
            "status, reason from marts.identity_status "
            "where entry = 'definition' and period_grain = 'day'"
        ).fetchall()
    actual = {
        tuple(row[:4]): {"result": row[4], "product": row[5], "status": row[6]} for row in rows
    }
    found = differences("identity_status", expected, actual, ["result", "status"])
    assert not found, "\n".join(found[:SHOWN])
    assert {row[6] for row in rows} == {"holds", "undefined"}
    assert all((row[7] is not None) == (row[6] == "undefined") for row in rows)


@pytest.mark.parametrize("name", KEYS)
def test_the_comparison_sees_one_changed_figure(name: str, recomputed: dict[str, Mart]) -> None:
    spoilt = copy.deepcopy(recomputed[name])
    key = next(iter(spoilt))
    column = next(c for c, value in spoilt[key].items() if isinstance(value, int | Decimal))
    spoilt[key][column] += 1
    assert differences(name, recomputed[name], spoilt)


def test_the_comparison_sees_a_missing_row_and_an_empty_mart(recomputed: dict[str, Mart]) -> None:
    mart = recomputed["revenue_daily"]
    less = dict(list(mart.items())[1:])
    assert differences("less", mart, less)
    assert differences("more", less, mart)
    assert differences("empty", mart, {})
    assert differences("both empty", {}, {})
