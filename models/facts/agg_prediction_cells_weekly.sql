-- Grain: one row per calendar week, prediction (ctr or cvr), dimension of predictions, value of it
-- and bucket of the predicted rate. Additive over values, buckets and weeks: every count and sum.
-- Not additive over dimensions or predictions: each dimension holds every case once.
-- What calibration is read from, kept by week: of a long history it is asked for in every run, and
-- only the weeks with a changed day are summed up again.
{{ config(
    materialized='by_day',
    meta={
        'day': 'week_starts_on',
        'follows': {
            'agg_click_predictions_daily': start_of('week', 'requested_on'),
            'agg_action_predictions_daily': start_of('week', 'requested_on'),
        },
    },
) }}

with daily as (
    {% for prediction, model_name in {
        'ctr': 'agg_click_predictions_daily', 'cvr': 'agg_action_predictions_daily',
    }.items() %}
    select
        {{ start_of('week', 'requested_on') }} as week_starts_on,
        requested_on,
        '{{ prediction }}' as prediction,
        dimension,
        dimension_value,
        bucket_ppm,
        cases,
        observed,
        {{- prediction_columns() | indent(4) }}
    from {{ ref(model_name) }}
    where {{ in_batch('requested_on', 0, 6) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

weekly as (

    select
        week_starts_on,
        prediction,
        dimension,
        dimension_value,
        bucket_ppm,
        min(requested_on) as first_day,
        max(requested_on) as last_day,
        cast(sum(cases) as bigint) as cases,
        cast(sum(observed) as bigint) as observed,
        {{- prediction_rollups() | indent(4) }}
    from daily
    where {{ in_batch('week_starts_on') }}
    group by week_starts_on, prediction, dimension, dimension_value, bucket_ppm

)

select * from weekly
