-- Grain: one row per calendar week, prediction (ctr or cvr), dimension and value of it.
-- Additive over the values of one dimension and over weeks: the counts and sums, from which z,
-- log-loss and Brier of any range are made. Not additive: every ratio; ECE, MCE and AUC are those
-- of predictions cut to two significant digits, and are asked for again of any other range.
-- A week, for a day of one tier has too few clicks to tell bias from chance. Kept: a week is
-- measured again where its predictions changed, or the tier of an advertiser that has any in it.
{{ config(
    materialized='by_day',
    meta={
        'day': 'week_starts_on',
        'follows': {'agg_prediction_cells_weekly': 'week_starts_on'},
    },
) }}

with weekly as (

    select *
    from {{ ref('agg_predictions_weekly') }}
    where {{ in_batch('week_starts_on') }}

),

days as (

    select
        week_starts_on,
        min(first_day) as first_day,
        max(last_day) as last_day
    from weekly
    group by week_starts_on

),

{{ calibration_steps('weekly', ['week_starts_on', 'prediction', 'dimension', 'dimension_value'])
}},

dated as (

    select
        measured.week_starts_on,
        days.first_day,
        days.last_day,
        measured.prediction,
        measured.dimension,
        measured.dimension_value,
        measured.predictions,
        measured.unpredicted,
        measured.observed,
        measured.predicted,
        measured.variance,
        measured.squared_error,
        measured.log_loss_sum,
        measured.predicted_rate,
        measured.observed_rate,
        measured.pred_over_obs,
        measured.z,
        measured.log_loss,
        measured.normalized_entropy,
        measured.relative_information_gain,
        measured.brier,
        measured.ece,
        measured.mce,
        measured.auc
    from measured
    inner join days on measured.week_starts_on = days.week_starts_on

)

select * from dated
