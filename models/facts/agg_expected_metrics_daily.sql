-- Grain: one row per measured day (see agg_watched_metrics_daily), slice and watched metric. What
-- the same weekday of the earlier weeks lets expect, days of promotions and holidays left out, and
-- how far the day is from that, as a logarithm: percent up and percent down are then alike, and
-- weekdays too. Not additive.
{{ config(materialized='table', tags='explanation') }}
{%- set expectation = var('expectation') %}
with watched as (

    select * from {{ ref('agg_watched_metrics_daily') }}

),

earlier_weeks as (

    select {{ each_number_to(expectation.weeks) }} as weeks_back

),

measured_days as (

    select distinct day
    from watched
    where is_measured

),

pairs as (

    select
        measured_days.day,
        measured_days.day - cast(7 * earlier_weeks.weeks_back as integer) as base_day
    from measured_days
    cross join earlier_weeks

),

-- A ratio that had nothing to divide by is no point.
expectations as (

    select
        pairs.day,
        watched.dimension,
        watched.dimension_value,
        watched.metric,
        count(watched.value) as weeks,
        percentile_cont(0.5e0) within group (order by watched.value) as usual,
        percentile_cont(0.5e0) within group (order by watched.events) as usual_events,
        percentile_cont(0.5e0) within group (order by watched.exposure) as usual_exposure
    from pairs
    inner join watched on pairs.base_day = watched.day and watched.is_base
    group by pairs.day, watched.dimension, watched.dimension_value, watched.metric

),

measured as (

    select
        watched.day,
        watched.calendar_events,
        watched.calendar_waves,
        watched.is_judged,
        watched.dimension,
        watched.dimension_value,
        watched.metric,
        watched.value,
        watched.events,
        watched.exposure,
        coalesce(expectations.weeks, 0) as weeks,
        expectations.usual,
        expectations.usual_events,
        expectations.usual_exposure,
        case
            when expectations.weeks >= {{ expectation.least_weeks }}
                and watched.value > 0
                and expectations.usual > 0
                then ln(case when watched.value > 0 then watched.value end)
                    - ln(case when expectations.usual > 0 then expectations.usual end)
        end as log_change
    from watched
    left join expectations
        on
            watched.day = expectations.day
            and watched.dimension = expectations.dimension
            and watched.dimension_value = expectations.dimension_value
            and watched.metric = expectations.metric
    where watched.is_measured

)

select * from measured
