-- Grain: one row per judged day, slice and watched metric. Not additive.
-- Is a number news? It is where it leaves the band of its own weekday's earlier weeks further than
-- that band usually is off, than counting alone allows, and than the many numbers of a day let one
-- expect by chance. docs/guides/root-causes.md says how, and how often that is wrong.
{{ config(materialized='table', tags='explanation') }}
{%- set expectation, anomalies = var('expectation'), var('anomalies') %}
{%- set slice = ['dimension', 'dimension_value', 'metric'] %}
with probable as (

    select * from {{ ref('agg_scored_metrics_daily') }}

),

-- The totals of a day are held against one another first.
totals_ranked as (

    select
        day,
        metric,
        p_value,
        is_outside,
        {{ p_ranks('p_value', ['day'], ['metric']) | indent(8) }}
    from probable
    where is_total and p_value is not null

),

totals as (

    select
        day,
        metric,
        is_outside,
        {{ q_value('p_value', ['day']) | indent(8) }} as q_value
    from totals_ranked

),

gated as (

    select
        probable.*,
        case
            when probable.is_total then 'total'
            when totals.is_outside and totals.q_value <= {{ anomalies.false_discovery_rate }}
                then 'open'
            else 'closed'
        end as gate
    from probable
    left join totals on probable.day = totals.day and probable.metric = totals.metric

),

ranked as (

    select
        *,
        {{ p_ranks('p_value', ['day', 'gate', 'p_value is null'], slice) | indent(8) }}
    from gated

),

discovered as (

    select
        *,
        case
            when p_value is not null
                then {{ q_value('p_value', ['day', 'gate', 'p_value is null']) | indent(20) }}
        end as q_value
    from ranked

),

named as (

    select
        *,
        coalesce(
            is_outside
            and q_value <= case
                when gate = 'closed' then {{ anomalies.false_discovery_rate_below }}
                else {{ anomalies.false_discovery_rate }}
            end,
            false
        ) as is_alarm
    from discovered

),

judged_metrics as (

    select
        day as requested_on,
        dimension,
        dimension_value,
        metric,
        value as actual,
        expected,
        lower_bound,
        upper_bound,
        value - expected as difference,
        {{ ratio('value - expected', 'expected') }} as relative_difference,
        deviation,
        expected_events,
        weeks,
        spread_days,
        calendar_waves as calendar_events,
        comparable_days,
        z,
        p_value,
        q_value,
        gate,
        case
            when value is null then 'no_value'
            when not is_tested and is_event_day and weeks >= {{ expectation.least_weeks }}
                then 'event_day'
            when not is_tested and (weeks < {{ expectation.least_weeks }} or not has_drift)
                then 'too_little_history'
            when not is_tested then 'too_few_events'
            when not is_alarm then 'in_band'
            when value = 0 then 'went_dark'
            when usual = 0 then 'lit_up'
            when z > 0 then 'high'
            else 'low'
        end as status,
        is_alarm
    from named

)

select * from judged_metrics
