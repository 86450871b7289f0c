-- Grain: one row per day, explained metric that is asked for a cause on that day, and combination
-- of the reporting dimensions. Additive: forecast and actual with their divisors and what the
-- search weighs in their place; they are what a cause is looked for in. A forecast is the mean of
-- the same weekday in the earlier weeks, since means of parts add up where medians do not; days of
-- promotions and holidays and days with alarms are left out of it, and all of it is scaled to what
-- is expected of the whole.
{{ config(materialized='table', tags='explanation') }}
{%- set dimensions = var('dimensions') %}
{%- set evidence = ['forecast', 'actual', 'forecast_divisor', 'actual_divisor'] %}
with incidents as (

    select * from {{ ref('agg_cause_incidents_daily') }}

),

calendar as (

    select * from {{ ref('dim_days') }}

),

funnel as (

    select * from {{ ref('agg_funnel_daily') }}

),

prices as (

    select * from {{ ref('agg_cause_prices_daily') }}

),

{{ compared_days('incidents', 'calendar') }},

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

),

priced_wholes as (

    select
        requested_on,
        metric,
        max(common) as common
    from prices
    group by requested_on, metric

),

-- Of a price of clicks other sums tell slices apart, in units of one event each.
weighed as (

    select
        scaled.requested_on,
        scaled.metric,
        scaled.{{ dimensions | join(',\n        scaled.') }},
        scaled.forecast,
        scaled.actual,
        scaled.forecast_divisor,
        scaled.actual_divisor,
        {%- for column in evidence %}
        case
            when priced_wholes.metric is not null then coalesce(prices.{{ column }}, 0e0)
        end as evidence_{{ column }},
        {%- endfor %}
        scaled.direction,
        scaled.events,
        case when priced_wholes.metric is not null then 1e0 else scaled.noise end as noise,
        coalesce(priced_wholes.common, scaled.common) as common
    from scaled
    left join priced_wholes
        on
            scaled.requested_on = priced_wholes.requested_on
            and scaled.metric = priced_wholes.metric
    left join prices
        on
            scaled.requested_on = prices.requested_on
            and scaled.metric = prices.metric
            {%- for dimension in dimensions %}
            and scaled.{{ dimension }} = prices.{{ dimension }}
            {%- endfor %}

)

select * from weighed
