"""The marts by Polars' streaming engine: lazy from the files to the result, some days at a time."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from tributary.bench.statements import (
    KEYS,
    MARTS,
    OF_THE_LEDGER,
    Days,
    Statements,
    files_with,
    parts_of,
)

_OFFSET = pl.duration(hours=8)
_SUMS = (
    "requests",
    "ad_requests",
    "ad_impressions",
    "ad_clicks",
    "ad_clicked_requests",
    "ad_actions",
    "action_value_micros",
    "revenue_micros",
    "results_returned",
    "commercial_results_returned",
    "impressions",
    "clicks",
    "clicked_requests",
    "actions",
    "invalid_clicks",
    "repeated_clicks",
)
_ANSWERS = ("clicks", "invalid_clicks", "repeated_clicks", "actions")
_MONEY = ("action_value_micros", "revenue_micros")


@dataclass(frozen=True)
class _Part:
    """Some days of an event set: their requests, and what came of them."""

    events: Path
    days: Days
    scratch: Path

    def scan(self, table: str) -> pl.LazyFrame:
        """The rows of an event table as they were delivered, and of the days around."""
        files = files_with(self.events / "events" / table, self.days)
        return pl.scan_parquet(list(files), hive_partitioning=False)

    def keep(self, name: str, frame: pl.LazyFrame) -> pl.LazyFrame:
        """The frame, computed: a step that several marts read is written down once."""
        path = self.scratch / f"step_{name}.parquet"
        frame.sink_parquet(path, compression="lz4", engine="streaming")
        return pl.scan_parquet(path)


def write_marts(events: Path, out: Path, statements: Statements, part_bytes: int) -> None:
    """Read the events and write each mart as Parquet.

    Args:
        events: the event set.
        out: folder for `<mart>.parquet`, and for the steps on the way.
        statements: says which ratios a mart has, and of what.
        part_bytes: files of so many bytes become marts at a time.
    """
    made: dict[str, list[pl.LazyFrame]] = {name: [] for name in MARTS}
    for place, days in enumerate(parts_of(events, part_bytes)):
        for name, frame in _marts(_Part(events, days, out), statements.dimensions).items():
            path = out / f"part_{place}_{name}.parquet"
            frame.sink_parquet(path, engine="streaming")
            made[name].append(pl.scan_parquet(path))
    marts = {name: pl.concat(parts) for name, parts in made.items()}
    # A mart by the day of the ledger is made of all parts.
    marts[OF_THE_LEDGER] = _reconciliation(marts[OF_THE_LEDGER])
    for name, mart in marts.items():
        mart.with_columns(
            **{ratio: _ratio(statements, ratio) for ratio in statements.ratios(name)}
        ).sink_parquet(out / f"{name}.parquet", engine="streaming")


def _ratio(statements: Statements, name: str) -> pl.Expr:
    metric = statements.metrics[name]

    def value(component: str) -> pl.Expr:
        if component in ("revenue", "action_value"):
            return pl.col(f"{component}_micros").cast(pl.Float64) / 1_000_000
        return pl.col(component).cast(pl.Float64)

    top = value(metric["numerator"])
    if "minus" in metric:
        top = top - value(metric["minus"])
    bottom = value(metric["denominator"])
    ratio = pl.when(bottom != 0).then(top / bottom).otherwise(None)
    return ratio * float(metric.get("scale", 1))


def _latest(part: _Part, table: str) -> pl.LazyFrame:
    """Each event once: most keys occur once and are not sorted."""
    key = KEYS[table]
    raw = part.scan(table)
    hashed = pl.col(key).hash()
    repeated = raw.group_by(key_hash=hashed).len().filter(pl.col("len") > 1).select("key_hash")
    once = raw.join(repeated, left_on=hashed, right_on="key_hash", how="anti")
    versions = raw.join(repeated, left_on=hashed, right_on="key_hash", how="semi")
    last = versions.group_by(key).agg(pl.all().sort_by("ingested_at").last())
    return pl.concat([once, last.select(once.collect_schema().names())])


def _day(moment: str) -> pl.Expr:
    return (pl.col(moment) + _OFFSET).dt.date()


def _converted(frame: pl.LazyFrame, amount: str, moment: str, rates: pl.LazyFrame) -> pl.LazyFrame:
    """`value` in CNY: exact, half-even, at the rate of the row's own day."""
    rated = frame.with_columns(rate_date=_day(moment)).join(
        rates, on=["rate_date", "currency"], how="left"
    )
    # Rates have 8 decimals: whole numbers of 1e-8, and the product fits 128 bits.
    product = pl.col(amount).cast(pl.Int128) * pl.col("rate")
    unit = pl.lit(10**8).cast(pl.Int128)
    floor = product // unit
    rest = product - floor * unit
    up = (rest > 5 * 10**7) | ((rest == 5 * 10**7) & (floor % 2 == 1))
    rounded = (floor + up.cast(pl.Int128)).cast(pl.Int64)
    return rated.with_columns(
        value=pl.when(pl.col("currency") == "CNY").then(pl.col(amount)).otherwise(rounded)
    )


def _marts(part: _Part, dimensions: list[str]) -> dict[str, pl.LazyFrame]:
    """The marts of some days, and what the mart by the day of the ledger is summed up of."""
    rates = (
        pl.scan_csv(
            part.events / "reference" / "fx_rates.csv", schema_overrides={"rate": pl.String}
        )
        .with_columns(
            rate_date=pl.col("rate_date").str.to_date(),
            rate=(pl.col("rate").cast(pl.Decimal(18, 8)) * 10**8).cast(pl.Int128),
        )
        .group_by("rate_date", "currency")
        .agg(pl.col("rate").max())
    )
    requests = part.keep(
        "requests",
        _latest(part, "requests")
        .select(
            "request_id",
            "user_id",
            "surface",
            "entry_point",
            "device_type",
            "results_returned",
            "commercial_results_returned",
            requested_on=_day("requested_at"),
            app_id=pl.col("app_id").fill_null("(unknown)"),
            region_code=pl.col("region_code").fill_null("(unknown)"),
            country_code=pl.col("country_code").fill_null("(unknown)"),
            user_type=pl.when(pl.col("user_id").is_null())
            .then(pl.lit("anonymous"))
            .otherwise(pl.lit("known")),
        )
        .filter(pl.col("requested_on").is_between(*part.days)),
    )
    impressions = part.keep(
        "impressions",
        _latest(part, "impressions").select(
            "impression_id", "request_id", "is_commercial", "advertiser_id"
        ),
    )
    clicks = part.keep("clicks", _clicks(part))
    actions = part.keep(
        "actions",
        _converted(_latest(part, "actions"), "action_value_micros", "acted_at", rates)
        .join(clicks, on="click_id", how="left")
        .select("action_id", "impression_id", "role", "value"),
    )
    lines = part.keep("lines", _lines(part, rates, clicks, actions))
    responses = part.keep("responses", _responses(impressions, clicks, actions, lines))
    charged = part.keep(
        "charged",
        lines.join(responses.select("impression_id", "request_id"), on="impression_id")
        .join(requests, on="request_id")
        .select(
            "requested_on",
            *dimensions,
            "advertiser_id",
            "currency",
            "charged_on",
            "amount",
            "value",
        ),
    )
    funnel = part.keep("funnel", _funnel(requests, impressions, responses))
    return {
        "revenue_daily": _sliced(funnel, charged, ["requested_on"], "surface"),
        "revenue_daily_by_segment": pl.concat(
            [
                _slice(funnel, ["requested_on", name])
                .join(
                    _active(charged, ["requested_on", name]), on=["requested_on", name], how="left"
                )
                .rename({name: "dimension_value"})
                .with_columns(pl.col("active_advertisers").fill_null(0), dimension=pl.lit(name))
                for name in dimensions
            ]
        ),
        "search_metrics_daily": _sliced(
            funnel.filter(pl.col("surface") == "search"),
            charged.filter(pl.col("surface") == "search"),
            ["requested_on", "surface"],
            "device_type",
        ),
        "local_funnel_daily": _sliced(
            funnel.filter(pl.col("surface") == "local"), None, ["requested_on"], "region_code"
        ),
        "advertiser_daily": _advertisers(requests, impressions, responses, charged),
        OF_THE_LEDGER: charged.group_by("requested_on", "charged_on", "currency").agg(
            pl.col("amount", "value").sum()
        ),
    }


def _clicks(part: _Part) -> pl.LazyFrame:
    clicks = _latest(part, "clicks").select("click_id", "impression_id", "is_invalid", "clicked_at")
    firsts = (
        clicks.filter(~pl.col("is_invalid"))
        .group_by("impression_id")
        .agg(pl.col("click_id").sort_by("clicked_at", "click_id").first())
        .select("click_id", is_first=pl.lit(True))
    )
    return clicks.join(firsts, on="click_id", how="left").select(
        "click_id",
        "impression_id",
        role=pl.when(pl.col("is_invalid"))
        .then(pl.lit("invalid"))
        .when(pl.col("is_first").fill_null(False))
        .then(pl.lit("valid"))
        .otherwise(pl.lit("repeated")),
    )


def _lines(
    part: _Part, rates: pl.LazyFrame, clicks: pl.LazyFrame, actions: pl.LazyFrame
) -> pl.LazyFrame:
    ledger = _converted(_latest(part, "charges"), "amount_micros", "charged_at", rates).select(
        "charge_id",
        "charged_event",
        "event_id",
        "original_charge_id",
        "advertiser_id",
        "currency",
        "value",
        charged_on=_day("charged_at"),
        amount=pl.col("amount_micros"),
    )
    parents = pl.concat(
        [
            clicks.select("impression_id", charged_event=pl.lit("click"), event_id="click_id"),
            actions.select("impression_id", charged_event=pl.lit("action"), event_id="action_id"),
        ]
    )
    columns = [
        "charge_id",
        "impression_id",
        "advertiser_id",
        "currency",
        "charged_on",
        "amount",
        "value",
    ]
    on_events = pl.concat(
        [
            ledger.filter(pl.col("charged_event") == "impression")
            .with_columns(impression_id="event_id")
            .select(columns),
            ledger.join(parents, on=["charged_event", "event_id"]).select(columns),
        ]
    )
    refunds = ledger.filter(pl.col("charged_event") == "adjustment").join(
        on_events.select("impression_id", original_charge_id="charge_id"), on="original_charge_id"
    )
    return pl.concat([on_events, refunds.select(columns)])


def _responses(
    impressions: pl.LazyFrame, clicks: pl.LazyFrame, actions: pl.LazyFrame, lines: pl.LazyFrame
) -> pl.LazyFrame:
    nothing = {name: pl.lit(0, pl.Int64) for name in (*_ANSWERS, *_MONEY)}

    def only(frame: pl.LazyFrame, **values: pl.Expr) -> pl.LazyFrame:
        return frame.select("impression_id", **(nothing | values))

    def is_role(role: str) -> pl.Expr:
        return (pl.col("role") == role).cast(pl.Int64)

    summed = (
        pl.concat(
            [
                only(
                    clicks,
                    clicks=is_role("valid"),
                    invalid_clicks=is_role("invalid"),
                    repeated_clicks=is_role("repeated"),
                ),
                only(
                    actions.filter(pl.col("role") == "valid"),
                    actions=pl.lit(1, pl.Int64),
                    action_value_micros=pl.col("value"),
                ),
                only(lines, revenue_micros=pl.col("value")),
            ]
        )
        .group_by("impression_id")
        .agg(pl.col(*_ANSWERS, *_MONEY).sum())
    )
    return summed.join(impressions, on="impression_id")


def _funnel(
    requests: pl.LazyFrame, impressions: pl.LazyFrame, responses: pl.LazyFrame
) -> pl.LazyFrame:
    shown = impressions.group_by("request_id").agg(
        impressions=pl.len().cast(pl.Int64),
        ad_impressions=pl.col("is_commercial").sum().cast(pl.Int64),
    )
    paid = responses.filter(pl.col("is_commercial"))
    answered = responses.group_by("request_id").agg(
        pl.col(*_ANSWERS).sum(), pl.col("revenue_micros").sum()
    )
    paid_answers = paid.group_by("request_id").agg(
        ad_clicks=pl.col("clicks").sum(),
        ad_actions=pl.col("actions").sum(),
        action_value_micros=pl.col("action_value_micros").sum(),
    )
    joined = (
        requests.join(shown, on="request_id", how="left")
        .join(answered, on="request_id", how="left")
        .join(paid_answers, on="request_id", how="left")
    )
    counts = ("impressions", "ad_impressions", *_ANSWERS, "ad_clicks", "ad_actions", *_MONEY)
    filled = joined.with_columns(pl.col(*counts).fill_null(0))
    return filled.with_columns(
        requests=pl.lit(1, pl.Int64),
        ad_requests=(pl.col("ad_impressions") > 0).cast(pl.Int64),
        ad_clicked_requests=(pl.col("ad_clicks") > 0).cast(pl.Int64),
        clicked_requests=(pl.col("clicks") > 0).cast(pl.Int64),
    )


def _slice(funnel: pl.LazyFrame, keys: list[str]) -> pl.LazyFrame:
    """A slice with exact distinct users: first by user, then merely counted."""
    known = pl.col("user_id").is_not_null()

    def users(condition: pl.Expr) -> pl.Expr:
        return (known & condition).sum().cast(pl.Int64)

    return (
        funnel.group_by(*keys, "user_id")
        .agg(pl.col(*_SUMS).sum())
        .group_by(keys)
        .agg(
            pl.col(*_SUMS).sum(),
            users=users(pl.lit(True)),
            ad_users=users(pl.col("ad_impressions") > 0),
            clicking_users=users(pl.col("clicks") > 0),
            ad_clicking_users=users(pl.col("ad_clicks") > 0),
            detail_view_users=users(pl.col("clicks") + pl.col("repeated_clicks") > 0),
            acting_users=users(pl.col("actions") > 0),
        )
        .with_columns(detail_views=pl.col("clicks") + pl.col("repeated_clicks"))
    )


def _active(charged: pl.LazyFrame, keys: list[str]) -> pl.LazyFrame:
    return charged.group_by(keys).agg(
        active_advertisers=pl.col("advertiser_id").n_unique().cast(pl.Int64)
    )


def _sliced(
    funnel: pl.LazyFrame, charged: pl.LazyFrame | None, whole: list[str], part: str
) -> pl.LazyFrame:
    """Each value of a dimension, and '(all)'."""
    parts = []
    for keys in ([*whole, part], whole):
        sliced = _slice(funnel, keys)
        if charged is not None:
            sliced = sliced.join(_active(charged, keys), on=keys, how="left").with_columns(
                pl.col("active_advertisers").fill_null(0)
            )
        parts.append(sliced if part in keys else sliced.with_columns(pl.lit("(all)").alias(part)))
    return pl.concat(parts, how="diagonal")


def _advertisers(
    requests: pl.LazyFrame,
    impressions: pl.LazyFrame,
    responses: pl.LazyFrame,
    charged: pl.LazyFrame,
) -> pl.LazyFrame:
    days = requests.select("request_id", "requested_on")
    keys = ["requested_on", "advertiser_id"]
    shown = (
        impressions.filter(pl.col("is_commercial"))
        .join(days, on="request_id")
        .group_by(keys)
        .agg(ad_impressions=pl.len().cast(pl.Int64))
    )
    answered = (
        responses.filter(pl.col("is_commercial"))
        .join(days, on="request_id")
        .group_by(keys)
        .agg(
            ad_clicks=pl.col("clicks").sum(),
            ad_actions=pl.col("actions").sum(),
            action_value_micros=pl.col("action_value_micros").sum(),
        )
    )
    spent = charged.group_by(keys).agg(
        revenue_micros=pl.col("value").sum(), is_active=pl.lit(1, pl.Int64).first()
    )
    counts = ("ad_impressions", "ad_clicks", "ad_actions", *_MONEY, "is_active")
    return (
        pl.concat([shown, answered, spent], how="diagonal")
        .group_by(keys)
        .agg(pl.col(*counts).sum())
    )


def _reconciliation(charged: pl.LazyFrame) -> pl.LazyFrame:
    keys = ["reported_on", "currency"]
    bases = []
    for basis, day in (("request", "requested_on"), ("ledger", "charged_on")):
        names = {f"{basis}_basis_amount_micros": "amount", f"{basis}_basis_revenue_micros": "value"}
        bases.append(
            charged.rename({day: "reported_on"})
            .group_by(keys)
            .agg(**{name: pl.col(column).sum() for name, column in names.items()})
        )
    difference = pl.col("request_basis_amount_micros") - pl.col("ledger_basis_amount_micros")
    return (
        pl.concat(bases, how="diagonal")
        .group_by(keys)
        .agg(pl.exclude(*keys).sum())
        .sort("reported_on")
        .with_columns(
            cumulative_timing_difference_micros=difference.cum_sum().over(
                "currency", order_by="reported_on"
            )
        )
    )
