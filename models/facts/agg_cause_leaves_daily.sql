-- Grain: one row per day, explained metric that is asked for a cause on that day, and combination
-- of the reporting dimensions. Asked is a metric that has an alarm, in the whole or in a slice, and
-- a factor of revenue whose whole is off by less, yet hardly by chance. Additive: forecast and
-- actual with their divisors; they are what a cause is looked for in. A forecast is the mean of the
-- same weekday in the earlier weeks, since means of parts add up where medians do not; days of
-- promotions and holidays and days with alarms are left out of it, and all of it is scaled to what
-- is expected of the whole.
{{ config(materialized='table', tags='explanation') }}
{%- set dimensions = var('dimensions') %}
with judged as (

    select * from {{ ref('agg_judged_metrics_daily') }}

),

calendar as (

    select * from {{ ref('dim_days') }}

),

funnel as (

    select * from {{ ref('agg_funnel_daily') }}

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

alarm_days as (

    select distinct requested_on from alarms

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

    select * from alarms
    union all
    select * from suspects

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

),

incident_days as (

    select distinct requested_on from incidents

),

earlier_weeks as (

    select {{ each_number_to(var('expectation').weeks) }} as weeks_back

),

base_days as (

    select
        incident_days.requested_on,
        calendar.day,
        count(*) over (partition by incident_days.requested_on) as known_days
    from incident_days
    cross join earlier_weeks
    inner join calendar
        on incident_days.requested_on - cast(7 * earlier_weeks.weeks_back as integer) = calendar.day
    left join alarm_days on calendar.day = alarm_days.requested_on
    where calendar.calendar_events is null and alarm_days.requested_on is null

),

days_wanted as (

    select
        requested_on,
        day,
        1e0 / known_days as base_weight,
        0e0 as own_weight
    from base_days

    union all

    select
        requested_on,
        requested_on as day,
        0e0 as base_weight,
        1e0 as own_weight
    from incident_days

),

leaves as (

    select
        days_wanted.requested_on,
        funnel.{{ dimensions | join(',\n        funnel.') }},
        {{- weighted_parts('funnel', 'days_wanted') | indent(4) }}
    from days_wanted
    inner join funnel on days_wanted.day = funnel.requested_on
    group by
        days_wanted.requested_on,
        funnel.{{ dimensions | join(',\n        funnel.') }}

),

metric_leaves as (

    select
        incidents.requested_on,
        incidents.metric,
        incidents.direction,
        incidents.expected,
        incidents.expected_events,
        incidents.noise,
        incidents.common,
        leaves.{{ dimensions | join(',\n        leaves.') }},
        {{ part_of_metric('incidents.metric', 'leaves.base', 'numerator') | indent(8) }} as base,
        {{ part_of_metric('incidents.metric', 'leaves.own', 'numerator') | indent(8) }} as actual,
        {{ part_of_metric('incidents.metric', 'leaves.base', 'denominator') | indent(8) }}
            as forecast_divisor,
        {{ part_of_metric('incidents.metric', 'leaves.own', 'denominator') | indent(8) }}
            as actual_divisor
    from incidents
    inner join leaves on incidents.requested_on = leaves.requested_on

),

wholes as (

    select
        requested_on,
        metric,
        sum(base) as whole_base,
        sum(forecast_divisor) as whole_divisor
    from metric_leaves
    group by requested_on, metric

),

scaled as (

    select
        metric_leaves.requested_on,
        metric_leaves.metric,
        metric_leaves.{{ dimensions | join(',\n        metric_leaves.') }},
        metric_leaves.base * coalesce(
            metric_leaves.expected
            * coalesce(wholes.whole_divisor, 1e0)
            / nullif(wholes.whole_base, 0e0),
            1e0
        ) as forecast,
        metric_leaves.actual,
        metric_leaves.forecast_divisor,
        metric_leaves.actual_divisor,
        metric_leaves.direction,
        -- Events per unit of the forecast.
        coalesce(
            metric_leaves.expected_events
            / nullif(metric_leaves.expected * coalesce(wholes.whole_divisor, 1e0), 0e0),
            0e0
        ) as events,
        metric_leaves.noise,
        coalesce(metric_leaves.common, 0e0) as common
    from metric_leaves
    inner join wholes
        on
            metric_leaves.requested_on = wholes.requested_on
            and metric_leaves.metric = wholes.metric

)

select * from scaled
