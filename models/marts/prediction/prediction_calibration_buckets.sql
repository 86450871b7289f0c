-- Grain: one row per calendar week, prediction (ctr or cvr), dimension, value of it and bucket of
-- the predicted rate: 0.01 to 0.02, 0.02 to 0.03 … 0.1 to 0.2. Additive over values of one
-- dimension, buckets and weeks: every count and sum. Not additive: every ratio.
-- The bounds are the same in every week and slice, so that rows of any of them can be added up.
{{ config(
    materialized='by_day',
    meta={
        'day': 'week_starts_on',
        'follows': {'agg_prediction_cells_weekly': 'week_starts_on'},
    },
) }}

with predictions as (

    select
        week_starts_on,
        prediction,
        dimension,
        dimension_value,
        {{ cut_to_digits('bucket_ppm', 1) | indent(8) }} as bucket_ppm,
        cases,
        observed,
        predicted_ppt,
        variance_ppt
    from {{ ref('agg_predictions_weekly') }}
    where bucket_ppm is not null and {{ in_batch('week_starts_on') }}

),

weekly as (

    select
        week_starts_on,
        prediction,
        dimension,
        dimension_value,
        bucket_ppm,
        sum(cases) as predictions,
        sum(observed) as observed,
        sum(predicted_ppt) as predicted_ppt,
        sum(variance_ppt) as variance_ppt
    from predictions
    group by week_starts_on, prediction, dimension, dimension_value, bucket_ppm

),

measured as (

    select
        week_starts_on,
        prediction,
        dimension,
        dimension_value,
        bucket_ppm,
        cast(bucket_ppm as double) / 1e6 as predicted_from,
        cast(
            least(
                bucket_ppm + {{ width_of_bucket('bucket_ppm', 1) | indent(16) }},
                1000000
            ) as double
        ) / 1e6 as predicted_to,
        cast(predictions as bigint) as predictions,
        cast(observed as bigint) as observed,
        {{ from_trillionths('predicted_ppt') | indent(8) }} as predicted,
        {{ from_trillionths('variance_ppt') | indent(8) }} as variance,
        cast(predicted_ppt as double) / 1e12 / nullif(cast(predictions as double), 0)
            as predicted_rate,
        {{ ratio('observed', 'predictions') }} as observed_rate,
        cast(predicted_ppt as double) / 1e12 / nullif(cast(observed as double), 0)
            as pred_over_obs,
        (cast(observed as double) - cast(predicted_ppt as double) / 1e12)
        / nullif(sqrt(cast(variance_ppt as double) / 1e12), 0) as z
    from weekly

)

select * from measured
