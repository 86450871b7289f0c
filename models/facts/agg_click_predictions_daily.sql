-- Grain: one row per day, dimension of predictions, value of it and bucket of the predicted click
-- rate, over the commercial impressions of the day's requests; NULL is the bucket of those without
-- a prediction. Additive over values, buckets and days: every count and sum.
-- Not additive over dimensions: each holds every impression once.
-- (noqa: the linter's grammar of this dialect does not know grouping sets.)
{{ config(
    materialized='by_day',
    meta={
        'day': 'requested_on',
        'follows': {
            'int_events__impressions_judged': 'requested_on',
            'fct_traffic': 'requested_on',
            'fct_early_responses': 'requested_on',
        },
        'vars': ['prediction_clip'],
    },
) }}

with impressions as (

    select *
    from {{ ref('int_events__impressions_accepted') }}
    where is_commercial and {{ in_batch('requested_on') }}

),

traffic as (

    select *
    from {{ ref('fct_traffic') }}
    where ad_impressions > 0 and {{ in_batch('requested_on') }}

),

-- An impression's clicks are none or one: what is left of a join is whether there was one.
clicked as (

    select
        requested_on,
        impression_id
    from {{ ref('fct_early_responses') }}
    where is_commercial and clicks = 1 and {{ in_batch('requested_on') }}

),

cases as (

    select
        impressions.requested_on,
        {%- for dimension in kept_prediction_dimensions() if dimension in var('dimensions') %}
        traffic.{{ dimension }},
        {%- endfor %}
        {{ position_value('impressions.position') | indent(8) }} as position,
        impressions.advertiser_id,
        impressions.predicted_ctr as p,
        case when clicked.impression_id is not null then 1 else 0 end as observed
    from impressions
    inner join traffic
        on
            impressions.requested_on = traffic.requested_on
            and impressions.request_id = traffic.request_id
    left join clicked
        on
            impressions.requested_on = clicked.requested_on
            and impressions.impression_id = clicked.impression_id

),

{{ prediction_cells('cases') }}

select * from cells
