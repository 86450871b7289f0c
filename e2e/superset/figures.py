"""Which figures of which chart are held against which question to the marts."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Rows = list[dict[str, Any]]

IN_THE_BUNDLE = {"dashboard": 1, "chart": 13, "dataset": 7, "database": 1}
FILTERED_BY = ("surface", "local")


@dataclass(frozen=True)
class Figure:
    """One number.

    Attributes:
        chart: that shows it.
        what: it is.
        shown: how it is found in the chart's rows.
        sql: how it is found in the marts.
    """

    chart: str
    what: str
    shown: Callable[[Rows], Any]
    sql: str


def only(column: str) -> Callable[[Rows], Any]:
    """The one row's."""

    def of(rows: Rows) -> Any:
        (row,) = rows
        return row[column]

    return of


def total(column: str) -> Callable[[Rows], Any]:
    """Of all rows."""
    return lambda rows: sum(row[column] for row in rows)


def where(column: str, value: str, shown: str) -> Callable[[Rows], Any]:
    """Of the row that says so."""

    def of(rows: Rows) -> Any:
        (row,) = (row for row in rows if row[column] == value)
        return row[shown]

    return of


def first(column: str) -> Callable[[Rows], Any]:
    """Of the row that stands on top."""
    return lambda rows: rows[0][column]


def _ratio(numerator: str, denominator: str, condition: str = "surface = '(all)'") -> str:
    return (
        f"select sum({numerator}) / nullif(sum({denominator}), 0) "
        f"from revenue_daily where {condition}"
    )


_REVENUE = "select sum(revenue) from revenue_daily where surface = '(all)'"
_WEEK = (
    "select {} from revenue_drivers where identity = 'five_factor' and comparison = 'week_on_week' "
    "and dimension = '(all)' and not is_to_date and period_starts_on = (select "
    "max(period_starts_on) from revenue_drivers where comparison = 'week_on_week' "
    "and identity = 'five_factor' and dimension = '(all)' and not is_to_date)"
)
# Another mart than the one that the chart is drawn from.
_LOCAL = "select sum({}) from revenue_daily where surface = 'local'"
_STAGES = {
    "1 requests": "requests",
    "2 with ads": "ad_requests",
    "3 with a click on an ad": "ad_clicked_requests",
    "4 conversions of ads": "ad_actions",
}

FIGURES = [
    Figure("Revenue", "of all days", only("revenue"), _REVENUE),
    Figure(
        "Requests",
        "of all days",
        only("requests"),
        "select sum(requests) from revenue_daily where surface = '(all)'",
    ),
    Figure("PVR", "of all days", only("pvr"), _ratio("ad_requests", "requests")),
    Figure("ASN", "of all days", only("asn"), _ratio("ad_impressions", "ad_requests")),
    Figure("CTR2", "of all days", only("ctr2"), _ratio("ad_clicks", "ad_impressions")),
    Figure("ACP", "of all days", only("acp"), _ratio("revenue", "ad_clicks")),
    Figure("Revenue by surface", "sum of its bars", total("revenue"), _REVENUE),
    Figure(
        "What moved the newest week",
        "sum of its steps = the week's revenue",
        total("contribution"),
        _WEEK.format("distinct result_now"),
    ),
    Figure(
        "What moved the newest week",
        "step 6 acp rate",
        where("step", "6 acp rate", "contribution"),
        _WEEK.format("contribution") + " and position = 6",
    ),
    *(
        Figure(
            "Local search, stage by stage",
            f"stage {stage}",
            where("stage", stage, "events"),
            _LOCAL.format(column),
        )
        for stage, column in _STAGES.items()
    ),
    Figure(
        "Users and advertisers a day",
        "most users of a day",
        lambda rows: max(row["users_of_one_day"] for row in rows),
        "select max(users) from revenue_daily where surface = '(all)'",
    ),
    Figure(
        "Advertisers",
        "revenue of the first",
        first("revenue"),
        "select max(revenue) from (select sum(revenue) as revenue from advertiser_daily "
        "group by advertiser_name, industry, tier)",
    ),
    Figure(
        "By device",
        "CTR2 on a phone",
        where("dimension_value", "phone", "ctr2"),
        "select sum(ad_clicks) / sum(ad_impressions) from revenue_daily_by_segment "
        "where dimension = 'device_type' and dimension_value = 'phone'",
    ),
    Figure("By device", "sum of revenue", total("revenue"), _REVENUE),
    Figure(
        "Local search by region",
        "revenue of the first",
        first("revenue"),
        "select max(revenue) from (select sum(revenue) as revenue from local_funnel_daily "
        "where region_code <> '(all)' group by region_code)",
    ),
    Figure("Local search by region", "sum of revenue", total("revenue"), _LOCAL.format("revenue")),
]

FILTERED = [
    Figure(
        "Revenue",
        "filtered: surface = local",
        only("revenue"),
        "select sum(revenue) from revenue_daily where surface = 'local'",
    ),
    Figure(
        "ACP",
        "filtered: surface = local",
        only("acp"),
        _ratio("revenue", "ad_clicks", "surface = 'local'"),
    ),
]
