-- Grain: one row per day, slice and watched metric, for the latest explained_days. Not additive.
-- The verdicts of agg_judged_metrics_daily, as they are served.
with judged as (

    select * from {{ ref('agg_judged_metrics_daily') }}

),

anomalies as (

    select
        requested_on,
        dimension,
        dimension_value,
        metric,
        actual,
        expected,
        lower_bound,
        upper_bound,
        difference,
        relative_difference,
        deviation,
        expected_events,
        weeks,
        spread_days,
        calendar_events,
        comparable_days,
        z,
        p_value,
        q_value,
        gate,
        status,
        is_alarm
    from judged

)

select * from anomalies
