-- For each dimension of predictions, week, prediction and bucket:
--   sum over the values of the dimension in agg_predictions_weekly = the row '(all)'.
-- Made from the variable `prediction_dimensions`. No advertiser without a tier, or whom the
-- reference table lacks, is left out. All are whole numbers: no tolerance.
with predictions as (

    select *
    from {{ of_tested_days(ref('agg_predictions_weekly'), 'week_starts_on') }}

),

signed as (

    select
        dimension,
        week_starts_on,
        prediction,
        bucket_ppm,
        cases,
        observed,
        {{- prediction_columns() | indent(4) }}
    from predictions
    where dimension <> '(all)'
    {%- for dimension in var('prediction_dimensions') %}
    union all
    select
        '{{ dimension }}' as dimension,
        week_starts_on,
        prediction,
        bucket_ppm,
        -cases as cases,
        -observed as observed,
        {{- prediction_columns('-') | indent(4) }}
    from predictions
    where dimension = '(all)'
    {%- endfor %}

),

balanced as (

    select
        dimension,
        week_starts_on,
        prediction,
        bucket_ppm,
        sum(cases) as cases,
        sum(observed) as observed,
        {{- prediction_rollups() | indent(4) }}
    from signed
    group by dimension, week_starts_on, prediction, bucket_ppm

)

select *
from balanced
where
    (
        cases = 0 and observed = 0
        {%- for name in prediction_sums() %}
        and {{ name }}_ppt = 0
        {%- endfor %}
    ) is not true
