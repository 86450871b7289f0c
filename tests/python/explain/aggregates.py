"""A history as the facts hold it, drawn at once: days by leaf, without an event.

Building months of events takes minutes; the models under test read three aggregates. Each leaf's
counts are Poisson draws of a platform with weekdays and growth, changed where a cause is planted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from tributary.simulate.plants import FACTORS
from tributary.simulate.settings import Plant

DIMENSIONS = (
    "surface", "entry_point", "app_id", "region_code", "country_code", "device_type", "user_type",
)  # fmt: skip
SHARES = {
    "surface": {"search": 0.5, "local": 0.3, "feed": 0.2},
    "entry_point": {"query": 0.7, "recommend": 0.3},
    "app_id": {"atlas": 0.6, "reel": 0.4},
    "region_code": {"cn-sh": 0.5, "cn-bj": 0.3, "jp-tk": 0.2},
    "device_type": {"phone": 0.7, "desktop": 0.3},
    "user_type": {"known": 0.85, "anonymous": 0.15},
}
COUNTRY = {"cn-sh": "CN", "cn-bj": "CN", "jp-tk": "JP"}
_WEEKDAY = np.array([1.0, 1.02, 1.04, 1.03, 1.08, 0.86, 0.82])
_PVR = {"search": 0.65, "local": 0.55, "feed": 0.8}
_CTR2 = {"search": 0.14, "local": 0.12, "feed": 0.07}
_PRICE = {"search": 2.2, "local": 1.5, "feed": 0.9}
_ADS = 2.4
# Components that no watched metric of these tests divides by are whatever share of others.
_SHARE_OF = {
    "sent_ad_requests": ("ad_requests", 1.0),
    "commercial_results_returned": ("ad_impressions", 1.0),
    "results_returned": ("requests", 10.0), "impressions": ("requests", 5.0),
    "ad_clicked_requests": ("ad_clicks", 0.9), "clicked_requests": ("clicks", 0.9),
    "detail_views": ("clicks", 1.0), "actions": ("ad_actions", 1.0),
    "cpc_clicks": ("ad_clicks", 1.0), "charged_clicks": ("ad_clicks", 1.0),
}  # fmt: skip
_NONE = (
    "ad_requests_not_sent", "ad_requests_not_shown", "ad_impressions_not_sent",
    "ad_impressions_not_shown", "invalid_clicks", "repeated_clicks", "cpc_clicks_not_charged",
    "charges_without_click",
)  # fmt: skip
_USERS = {
    "users": "requests", "ad_users": "ad_requests", "clicking_users": "clicks",
    "ad_clicking_users": "ad_clicks", "detail_view_users": "clicks", "acting_users": "actions",
}  # fmt: skip


@dataclass(frozen=True)
class History:
    """What the history is: its days, its traffic, what is planted, and which days are events."""

    days: int
    requests_per_day: int
    seed: int
    plants: Sequence[Plant] = ()
    events: dict[date, str] | None = None
    first_day: date = date(2025, 1, 6)

    @property
    def last_day(self) -> date:
        """Its last day."""
        return self.first_day + timedelta(days=self.days - 1)


def write_aggregates(history: History, folder: Path) -> None:
    """agg_funnel_daily, agg_slices_daily, dim_days and the two facts of responses, as Parquet."""
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        connection.register("drawn", _funnel(history))
        shared = ", ".join(
            f"cast({share} * {of} as bigint) as {name}" for name, (of, share) in _SHARE_OF.items()
        )
        nothing = ", ".join(f"0 as {name}" for name in _NONE)
        connection.execute(
            f"create table funnel as select *, {shared}, {nothing} from drawn where requests > 0"
        )
        connection.execute(f"copy funnel to '{folder}/agg_funnel_daily.parquet'")
        dimensions = ", ".join(DIMENSIONS)
        # All clicks of a leaf are one advertiser's, paid at once.
        response = f"""
            select requested_on, {dimensions}, true as is_commercial, 'cpc' as pricing_model,
                surface || region_code as impression_advertiser_id, ad_clicks as clicks,
                revenue_micros, cast(row_number() over () as varchar) as impression_id
            from funnel
        """
        for name, rest in {"early": "where ad_clicks > 0", "late": "limit 0"}.items():
            path = folder / f"fct_{name}_responses.parquet"
            connection.execute(f"copy ({response} {rest}) to '{path}'")
        counts = [
            row[0]
            for row in connection.sql("describe funnel").fetchall()
            if row[0] not in (*DIMENSIONS, "requested_on", "revenue_micros", "action_value_micros")
        ]
        sums = ", ".join(f"cast(sum({name}) as bigint) as {name}" for name in counts)
        users = ", ".join(f"cast(0.5 * sum({of}) as bigint) as {u}" for u, of in _USERS.items())
        sets = ", ".join(f"(requested_on, {name})" for name in DIMENSIONS)
        words = " ".join(f"when grouping({name}) = 0 then '{name}'" for name in DIMENSIONS)
        values = " ".join(f"when grouping({name}) = 0 then {name}" for name in DIMENSIONS)
        connection.execute(
            f"""copy (
                select requested_on, case {words} else '(all)' end as dimension,
                    case {values} else '(all)' end as dimension_value, {sums}, {users},
                    40 as active_advertisers,
                    cast(sum(revenue_micros) as double) / 1e6 as revenue,
                    cast(sum(action_value_micros) as double) / 1e6 as action_value
                from funnel group by grouping sets ((requested_on), {sets})
            ) to '{folder}/agg_slices_daily.parquet'"""
        )
        connection.execute(
            f"create table days as select cast(unnest(generate_series(date '{history.first_day}',"
            f" date '{history.last_day}', interval 1 day)) as date) as day"
        )
        connection.execute("create table events (day date, event varchar)")
        for day, name in (history.events or {}).items():
            connection.execute("insert into events values (?, ?)", [day, name])
        connection.execute(
            "copy (select days.day, isodow(days.day) as weekday,"
            " isodow(days.day) >= 6 as is_weekend,"
            " events.event as calendar_events, events.event as calendar_waves,"
            " false as is_holiday, events.event is not null as is_promotion"
            f" from days left join events on days.day = events.day) to '{folder}/dim_days.parquet'"
        )


def _funnel(history: History) -> pa.Table:
    rng = np.random.default_rng(history.seed)
    grid = np.meshgrid(*(np.arange(len(values)) for values in SHARES.values()), indexing="ij")
    codes = {name: axis.ravel() for name, axis in zip(SHARES, grid, strict=True)}
    words = {name: np.array(list(values))[codes[name]] for name, values in SHARES.items()}
    words["country_code"] = np.array([COUNTRY[region] for region in words["region_code"]])
    share = np.prod([np.array(list(v.values()))[codes[n]] for n, v in SHARES.items()], axis=0)
    pvr, ctr2, price = (
        np.array([table[surface] for surface in words["surface"]])
        for table in (_PVR, _CTR2, _PRICE)
    )
    columns: dict[str, list[np.ndarray]] = {}
    for number in range(history.days):
        day = history.first_day + timedelta(days=number)
        change = {factor: np.ones(len(share)) for factor in FACTORS}
        for plant in history.plants:
            if plant.day == day:
                rows = np.all([words[name] == value for name, value in plant.where], axis=0)
                change[plant.factor][rows] *= 1 + plant.size
        volume = history.requests_per_day * _WEEKDAY[day.weekday()] * (1 + 0.001 * number)
        if history.events and day in history.events:
            volume *= 1.5
        volume *= np.exp(rng.normal(0, 0.01))
        requests = rng.poisson(volume * share * change["requests"])
        ad_requests = rng.binomial(requests, np.minimum(pvr * change["pvr"], 1))
        beyond = np.maximum(_ADS * change["asn"] - 1, 0)
        ad_impressions = ad_requests + rng.poisson(ad_requests * beyond)
        ad_clicks = rng.binomial(ad_impressions, np.minimum(ctr2 * change["ctr2"], 1))
        paid = ad_clicks * price * change["acp"]
        revenue = paid * np.exp(rng.normal(0, 0.3, len(paid)) / np.sqrt(np.maximum(ad_clicks, 1)))
        ad_actions = rng.binomial(ad_clicks, 0.12)
        drawn = {
            "requested_on": np.full(len(share), day.isoformat(), dtype="datetime64[D]"),
            **{name: words[name] for name in DIMENSIONS},
            "requests": requests,
            "ad_requests": ad_requests,
            "ad_impressions": ad_impressions,
            "ad_clicks": ad_clicks,
            "clicks": ad_clicks + rng.binomial(requests, 0.3),
            "ad_actions": ad_actions,
            "revenue_micros": np.rint(revenue * 1e6).astype(np.int64),
            "action_value_micros": ad_actions * 90_000_000,
        }
        for name, values in drawn.items():
            columns.setdefault(name, []).append(values)
    return pa.table({name: np.concatenate(values) for name, values in columns.items()})
