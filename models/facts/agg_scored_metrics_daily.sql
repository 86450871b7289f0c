-- Grain: one row per judged day, slice and watched metric. Not additive.
-- How far is the day from what was expected, by the spread of earlier days and by counting alone,
-- and how probable is that by chance? A day of a promotion or holiday is held against earlier days
-- of the same one.
{{ config(materialized='table', tags='explanation') }}
{%- set expectation, anomalies = var('expectation'), var('anomalies') %}
{%- set slice = ['dimension', 'dimension_value', 'metric'] %}
with measured as (

    select * from {{ ref('agg_expected_metrics_daily') }}

),

judged as (

    select
        day,
        calendar_events,
        calendar_waves,
        is_judged,
        dimension,
        dimension_value,
        metric,
        value,
        events,
        exposure,
        weeks,
        usual,
        usual_events,
        usual_exposure,
        log_change
    from measured
    where is_judged

),

judged_days as (

    select distinct day from judged

),

-- Days whose distances say how far a day usually is from what is expected of it.
nearby as (

    select
        judged_days.day,
        measured.dimension,
        measured.dimension_value,
        measured.metric,
        measured.log_change
    from judged_days
    inner join measured
        on
            judged_days.day - {{ expectation.spread_days }} <= measured.day
            and judged_days.day > measured.day
    where measured.calendar_events is null and measured.log_change is not null

),

{{ medians_and_spreads('nearby', 'nearby', ['day'] + slice, 'log_change') }},

-- Earlier days of the same promotion or holiday.
comparable as (

    select
        judged.day,
        judged.dimension,
        judged.dimension_value,
        judged.metric,
        count(measured.log_change) as comparable_days,
        min(measured.log_change) as lowest_change,
        max(measured.log_change) as highest_change
    from judged
    inner join measured
        on
            judged.calendar_waves = measured.calendar_waves
            and judged.dimension = measured.dimension
            and judged.dimension_value = measured.dimension_value
            and judged.metric = measured.metric
            and judged.day > measured.day
    group by judged.day, judged.dimension, judged.dimension_value, judged.metric

),

sized as (

    select
        judged.*,
        coalesce(nearby_spreads.points, 0) as spread_days,
        coalesce(comparable.comparable_days, 0) as comparable_days,
        judged.calendar_events is not null as is_event_day,
        -- An ordinary day is held against the middle of the days before it, one of an event against
        -- the nearer end of what earlier days of the event were.
        case
            when judged.calendar_events is null then nearby_spreads.median
            else
                least(
                    greatest(coalesce(judged.log_change, 0e0), comparable.lowest_change),
                    comparable.highest_change
                )
        end as drift,
        case
            when judged.calendar_events is null then nearby_spreads.median
            else comparable.lowest_change
        end as lowest_drift,
        case
            when judged.calendar_events is null then nearby_spreads.median
            else comparable.highest_change
        end as highest_drift,
        {{ robust_deviation('nearby_spreads.deviation') }} as usual_deviation,
        -- A ratio of fewer cases than usual rests on fewer events.
        judged.usual_events * coalesce(
            least(1e0, judged.exposure / nullif(judged.usual_exposure, 0e0)), 1e0
        ) as expected_events
    from judged
    left join nearby_spreads
        on
            judged.day = nearby_spreads.day
            and judged.dimension = nearby_spreads.dimension
            and judged.dimension_value = nearby_spreads.dimension_value
            and judged.metric = nearby_spreads.metric
    left join comparable
        on
            judged.day = comparable.day
            and judged.dimension = comparable.dimension
            and judged.dimension_value = comparable.dimension_value
            and judged.metric = comparable.metric

),

expected as (

    select
        *,
        usual * exp(coalesce(drift, 0e0)) as expected,
        nullif(
            greatest(
                coalesce(usual_deviation, 0e0),
                coalesce(1e0 / sqrt(case when expected_events > 0 then expected_events end), 0e0)
            ),
            0e0
        ) as deviation,
        case
            when not is_event_day then spread_days >= {{ expectation.least_spread_days }}
            else comparable_days >= {{ expectation.least_comparable_days }}
        end as has_drift
    from sized

),

-- Of two distances the nearer: that from what days usually are, and that which counting alone would
-- not make. What is 0, or was, has no logarithm and is judged by the count.
scored as (

    select
        *,
        usual * exp(lowest_drift - {{ anomalies.band_deviations }}e0 * deviation) as lower_bound,
        usual * exp(highest_drift + {{ anomalies.band_deviations }}e0 * deviation) as upper_bound,
        case
            when log_change is not null then expected_events * exp(log_change - drift)
            else events
        end as events_seen,
        case
            when log_change is not null then expected_events
            when usual > 0 then expected_events
            else greatest(coalesce(expected_events, 0e0), 1e0)
        end as events_held_against,
        {{ normal_of_student(
            '(log_change - drift) / deviation', spread_freedom('nullif(spread_days, 0)')
        ) }} as usual_z
    from expected

),

tested as (

    select
        *,
        {{ count_z('events_seen', 'events_held_against') | indent(8) }} as event_z,
        coalesce(
            value is not null
            and weeks >= {{ expectation.least_weeks }}
            and has_drift
            and case
                when metric in ({{ names_of(watched_metrics() | selectattr('is_money')) }})
                    then events_held_against >= {{ anomalies.least_paid_events }}
                else greatest(events_seen, events_held_against) >= {{ anomalies.least_events }}
            end,
            false
        ) as is_tested
    from scored

),

nearest as (

    select
        *,
        case
            when not is_tested then null
            when usual_z is null then event_z
            when abs(usual_z) < abs(event_z) then usual_z
            else event_z
        end as z
    from tested

),

probable as (

    select
        *,
        {{ two_sided_p('z') | indent(8) }} as p_value,
        dimension = '(all)' as is_total,
        coalesce(
            (value < lower_bound or value > upper_bound)
            and abs(value - expected) >= {{ anomalies.least_change }}e0 * expected,
            value > 0 or expected > 0
        ) as is_outside
    from nearest

)

select * from probable
