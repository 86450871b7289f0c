-- Grain: one row per day and explained metric that is asked for a cause on that day. Asked is a
-- metric that has an alarm, in the whole or in a slice, and a factor of revenue whose whole is off
-- by less, yet hardly by chance. Not additive. What of it is expected, which way it went, and by
-- how much it varies on usual days.
{{ config(materialized='table', tags='explanation') }}
with judged as (

    select * from {{ ref('agg_judged_metrics_daily') }}

),

alarms as (

    select
        requested_on,
        metric,
        case when max_by(z, abs(z)) > 0 then 1 else -1 end as direction
    from judged
    where
        is_alarm
        and metric in ({{ names_of(explained_metrics()) }})
    group by requested_on, metric

),

-- An alarm has to hold among the many numbers of a day; the factors of revenue are few.
suspects as (

    select
        judged.requested_on,
        judged.metric,
        case when judged.z > 0 then 1 else -1 end as direction
    from judged
    left join alarms
        on judged.requested_on = alarms.requested_on and judged.metric = alarms.metric
    where
        judged.dimension = '(all)'
        and judged.metric in ({{ factors_to_compare() }})
        and judged.metric in ({{ names_of(explained_metrics()) }})
        and judged.p_value <= {{ var('root_causes').suspicion }}
        and alarms.metric is null

),

asked as (

    select
        *,
        true as has_alarm
    from alarms
    union all
    select
        *,
        false as has_alarm
    from suspects

),

-- How much more a count varies than counting makes it: of the slices the one in the middle.
noises as (

    select
        requested_on,
        metric,
        greatest(
            1e0,
            percentile_cont(0.5e0) within group (order by deviation * deviation * expected_events)
        ) as noise
    from judged
    where p_value is not null
    group by requested_on, metric

),

incidents as (

    select
        asked.requested_on,
        asked.metric,
        asked.direction,
        asked.has_alarm,
        judged.expected,
        judged.expected_events,
        noises.noise,
        -- What the whole varies by beyond the noise of its slices moves them alike; some of it
        -- always does.
        greatest(
            judged.deviation * judged.deviation
            - noises.noise / nullif(judged.expected_events, 0e0),
            judged.deviation * judged.deviation / 4e0
        ) as common
    from asked
    inner join judged
        on
            asked.requested_on = judged.requested_on
            and asked.metric = judged.metric
            and judged.dimension = '(all)'
    inner join noises
        on
            asked.requested_on = noises.requested_on
            and asked.metric = noises.metric

)

select * from incidents
