-- Grain: one row per day, dimension of predictions, value of it and bucket of the predicted
-- conversion rate, over the valid commercial clicks of the day's requests; NULL is the bucket of
-- those without a prediction. Additive over values, buckets and days: every count and sum.
-- Not additive over dimensions: each holds every click once.
-- Apart from agg_click_predictions_daily, for conversions go on to come for weeks, and clicks do
-- not.
-- (noqa: the linter's grammar of this dialect does not know grouping sets.)
{{ config(
    materialized='by_day',
    meta={
        'day': 'requested_on',
        'follows': {
            'int_events__impressions_judged': 'requested_on',
            'fct_early_responses': 'requested_on',
            'fct_late_responses': 'requested_on',
        },
        'vars': ['prediction_clip'],
    },
) }}

with impressions as (

    select *
    from {{ ref('int_events__impressions_accepted') }}
    where is_commercial and {{ in_batch('requested_on') }}

),

clicks as (

    select *
    from {{ ref('fct_early_responses') }}
    where is_commercial and clicks = 1 and {{ in_batch('requested_on') }}

),

-- A rate of conversion is one of clicks that convert: a second conversion of a click is no second
-- case.
converted as (

    select
        requested_on,
        impression_id
    from {{ ref('fct_late_responses') }}
    where is_commercial and actions > 0 and {{ in_batch('requested_on') }}

),

cases as (

    select
        clicks.requested_on,
        {%- for dimension in kept_prediction_dimensions() if dimension in var('dimensions') %}
        clicks.{{ dimension }},
        {%- endfor %}
        {{ position_value('impressions.position') | indent(8) }} as position,
        impressions.advertiser_id,
        impressions.predicted_cvr as p,
        case when converted.impression_id is not null then 1 else 0 end as observed
    from clicks
    inner join impressions
        on
            clicks.requested_on = impressions.requested_on
            and clicks.impression_id = impressions.impression_id
    left join converted
        on
            clicks.requested_on = converted.requested_on
            and clicks.impression_id = converted.impression_id

),

{{ prediction_cells('cases') }}

select * from cells
