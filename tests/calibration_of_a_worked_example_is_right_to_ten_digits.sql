-- 2,000 cases, i = 0 to 1999: p = 0.01 + 0.002 · (37 i mod 41), observed where
-- (7919 i mod 1000) / 1000 < 1.15 p + 0.004. The figures below are those of reference
-- implementations. Once with the 41 predictions as cells, in which ties share a rank, as AUC wants
-- it; once with each case as a cell of its own, so that bins cut through ties, as MCE has it there.
with numbers as (

    select {{ each_number_to(2000) }} as n

),

cases as (

    select
        n,
        0.01e0 + 0.002e0 * mod(37 * (n - 1), 41) as p,
        case
            when mod(7919 * (n - 1), 1000) / 1000e0
                < 1.15e0 * (0.01e0 + 0.002e0 * mod(37 * (n - 1), 41)) + 0.004e0
                then 1
            else 0
        end as observed
    from numbers

),

parts as (

    select
        n,
        observed,
        cast(floor(p * 1e6 + 0.5e0) as bigint) as bucket_ppm,
        {{ to_trillionths('p') }} as predicted_ppt,
        {{ to_trillionths('p * (1 - p)') }} as variance_ppt,
        {{ to_trillionths('(p - observed) * (p - observed)') }} as squared_error_ppt,
        {{ to_trillionths('-ln(case when observed = 1 then p else 1 - p end)') }} as log_loss_ppt
    from cases

),

given as (

    select
        'cells' as series,
        bucket_ppm,
        0 as n,
        cast(count(*) as bigint) as cases,
        cast(sum(observed) as bigint) as observed,
        sum(predicted_ppt) as predicted_ppt,
        sum(variance_ppt) as variance_ppt,
        sum(squared_error_ppt) as squared_error_ppt,
        sum(log_loss_ppt) as log_loss_ppt
    from parts
    group by bucket_ppm

    union all

    select
        'cases' as series,
        bucket_ppm,
        n,
        cast(1 as bigint) as cases,
        cast(observed as bigint) as observed,
        predicted_ppt,
        variance_ppt,
        squared_error_ppt,
        log_loss_ppt
    from parts

),

{{ calibration_steps('given', ['series'], 'bucket_ppm nulls first, n') }},

wrong as (

    select *
    from measured
    where
        (
            predictions = 2000 and observed = 125 and predicted = 100
            and abs(pred_over_obs - 0.8e0) < 5e-11
            and abs(log_loss - 0.2296473005e0) < 5e-11
            and abs(brier - 0.0580746000e0) < 5e-11
            and abs(normalized_entropy - 0.9822732846e0) < 5e-11
            and abs(relative_information_gain - 0.0177267154e0) < 5e-11
            and abs(ece - 0.0125e0) < 5e-11
            and (series = 'cases' or abs(auc - 0.6285632000e0) < 5e-11)
            and (series = 'cells' or abs(mce - 0.0195e0) < 5e-11)
        ) is not true

),

absent as (

    select series from given
    except
    select series from measured

)

select series from wrong
union all
select series from absent
