-- For each calendar week, prediction and dimension of predictions:
--   the sums of agg_prediction_cells_weekly = those of the daily tables over the days of the week.
-- All are whole numbers: no tolerance.
with daily as (
    {% for prediction, model_name in {
        'ctr': 'agg_click_predictions_daily', 'cvr': 'agg_action_predictions_daily',
    }.items() %}
    select
        {{ start_of('week', 'requested_on') }} as week_starts_on,
        '{{ prediction }}' as prediction,
        dimension,
        bucket_ppm,
        cases,
        observed,
        {{- prediction_columns() | indent(4) }}
    from {{ of_tested_days(ref(model_name), 'requested_on', 0, 6, days_of='week_starts_on') }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

weekly as (

    select *
    from {{ of_tested_days(ref('agg_prediction_cells_weekly'), 'week_starts_on', 0, 6) }}

),

differing as (

    {%- set keys = ['week_starts_on', 'prediction', 'dimension', 'bucket_ppm'] %}
    {%- set sums = [
        'cases', 'observed', 'predicted_ppt', 'variance_ppt', 'squared_error_ppt', 'log_loss_ppt',
    ] %}
    {{ sums_that_differ('weekly', 'daily', sums, sums, keys, none, none) }}

)

select * from differing
