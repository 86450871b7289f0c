-- Grain: one row per calendar week, prediction (ctr or cvr), dimension, value of it and bucket of
-- the predicted rate. Additive over values, buckets and weeks: every count and sum. Not additive
-- over dimensions or predictions. An advertiser's tier is today's, for weeks gone by as well.
{{ config(meta={'day': 'week_starts_on'}) }}

with kept as (

    select * from {{ ref('agg_prediction_cells_weekly') }}

),

advertisers as (

    select * from {{ ref('stg_reference__advertisers') }}

),

sliced as (

    select
        kept.week_starts_on,
        kept.prediction,
        case when kept.dimension = 'advertiser_id' then 'tier' else kept.dimension end as dimension,
        case
            when kept.dimension = 'advertiser_id' then coalesce(advertisers.tier, '(unknown)')
            else kept.dimension_value
        end as dimension_value,
        kept.bucket_ppm,
        kept.first_day,
        kept.last_day,
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
        week_starts_on,
        prediction,
        '(all)' as dimension,
        '(all)' as dimension_value,
        bucket_ppm,
        first_day,
        last_day,
        cases,
        observed,
        {{- prediction_columns() | indent(4) }}
    from kept
    where dimension = '{{ kept_prediction_dimensions() | first }}'

),

summed as (

    select
        week_starts_on,
        prediction,
        dimension,
        dimension_value,
        bucket_ppm,
        min(first_day) as first_day,
        max(last_day) as last_day,
        cast(sum(cases) as bigint) as cases,
        cast(sum(observed) as bigint) as observed,
        {{- prediction_rollups() | indent(4) }}
    from sliced
    group by week_starts_on, prediction, dimension, dimension_value, bucket_ppm

)

select * from summed
