-- Grain: one row per day, prediction (ctr or cvr), dimension, value of it and bucket of the
-- predicted rate. Additive over values, buckets and days: every count and sum. Not additive over
-- dimensions or predictions. An advertiser's tier is today's, for days gone by as well.
{{ config(meta={'day': 'requested_on'}) }}

with kept as (
    {% for prediction, model_name in {
        'ctr': 'agg_click_predictions_daily', 'cvr': 'agg_action_predictions_daily',
    }.items() %}
    select
        requested_on,
        '{{ prediction }}' as prediction,
        dimension,
        dimension_value,
        bucket_ppm,
        cases,
        observed,
        {{- prediction_columns() | indent(4) }}
    from {{ ref(model_name) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

advertisers as (

    select * from {{ ref('dim_advertisers') }}

),

sliced as (

    select
        kept.requested_on,
        kept.prediction,
        case when kept.dimension = 'advertiser_id' then 'tier' else kept.dimension end as dimension,
        case
            when kept.dimension = 'advertiser_id' then coalesce(advertisers.tier, '(unknown)')
            else kept.dimension_value
        end as dimension_value,
        kept.bucket_ppm,
        kept.cases,
        kept.observed,
        {{- prediction_columns('kept.') | indent(4) }}
    from kept
    left join advertisers
        on
            kept.dimension = 'advertiser_id'
            and kept.dimension_value = advertisers.advertiser_id

    union all

    select
        requested_on,
        prediction,
        '(all)' as dimension,
        '(all)' as dimension_value,
        bucket_ppm,
        cases,
        observed,
        {{- prediction_columns() | indent(4) }}
    from kept
    where dimension = '{{ kept_prediction_dimensions() | first }}'

),

summed as (

    select
        requested_on,
        prediction,
        dimension,
        dimension_value,
        bucket_ppm,
        cast(sum(cases) as bigint) as cases,
        cast(sum(observed) as bigint) as observed,
        {{- prediction_rollups() | indent(4) }}
    from sliced
    group by requested_on, prediction, dimension, dimension_value, bucket_ppm

)

select * from summed
