{#- How far predicted rates are from what was observed, from cells: rows of `keys`, bucket_ppm, cases,
    observed and the sums in trillionths. Exact for the predictions cut to their buckets. -#}

{#- The steps from a relation of cells to one measured row for each value of `keys`, as CTEs; the last is
    `measured`. Cells of one bucket are ties: each of its cases has the average of their ranks. Bins of
    equal mass take a bucket whole, into the tenth in which its middle case lies. `order_by` puts cells in
    order; more than the bucket where cells are single cases. -#}
{% macro calibration_steps(cells, keys, order_by='bucket_ppm') -%}
    {%- set by = keys | join(', ') -%}
ranked as (

    select
        *,
        coalesce(
            sum(cases) over (
                partition by {{ by }} order by {{ order_by }} nulls first
                rows between unbounded preceding and 1 preceding
            ),
            0
        ) as cases_below,
        sum(cases) over (partition by {{ by }}) as all_cases
    from {{ cells }}
    where bucket_ppm is not null

),

binned as (

    select
        *,
        cast(
            floor(10e0 * (cast(cases_below as double) + 0.5e0 * cast(cases as double))
                / nullif(cast(all_cases as double), 0))
            as bigint
        ) as bin,
        cast(observed * (2 * cases_below + cases + 1) as decimal(38, 0)) as doubled_ranks
    from ranked

),

bins as (

    select
        {{ by }},
        bin,
        sum(cases) as cases,
        abs(
            cast(sum(predicted_ppt) as decimal(38, 0))
            - cast(sum(observed) as decimal(20, 0)) * cast(1000000000000 as decimal(13, 0))
        ) as error_ppt,
        sum(doubled_ranks) as doubled_ranks
    from binned
    group by {{ by }}, bin

),

errors_of_bins as (

    select
        {{ by }},
        cast(sum(error_ppt) as double) / 1e12 / nullif(cast(sum(cases) as double), 0) as ece,
        max(cast(error_ppt as double) / 1e12 / nullif(cast(cases as double), 0)) as mce,
        cast(sum(doubled_ranks) as double) as doubled_ranks
    from bins
    group by {{ by }}

),

sums as (

    select
        {{ by }},
        cast(
            coalesce(sum(case when bucket_ppm is not null then cases end), 0) as bigint
        ) as predictions,
        cast(coalesce(sum(case when bucket_ppm is null then cases end), 0) as bigint)
            as unpredicted,
        cast(coalesce(sum(case when bucket_ppm is not null then observed end), 0) as bigint)
            as observed
        {%- for name in prediction_sums() %},
        coalesce(sum({{ name }}_ppt), 0) as {{ name }}_ppt
        {%- endfor %}
    from {{ cells }}
    group by {{ by }}

),

doubles as (

    select
        *,
        cast(predictions as double) as n,
        cast(observed as double) as positives,
        cast(predictions - observed as double) as negatives,
        {{ ratio('observed', 'predictions') }} as observed_rate,
        cast(predicted_ppt as double) / 1e12 as predicted_sum,
        cast(variance_ppt as double) / 1e12 as variance_sum,
        cast(squared_error_ppt as double) / 1e12 as squared_error_sum,
        cast(log_loss_ppt as double) / 1e12 as log_loss_sum
    from sums

),

entropies as (

    select
        *,
        -(
            observed_rate * ln(case when observed_rate > 0 then observed_rate end)
            + (1 - observed_rate)
            * ln(case when observed_rate < 1 then 1 - observed_rate end)
        ) as entropy
    from doubles

),

measured as (

    select
        entropies.{{ keys | join(',\n            entropies.') }},
        entropies.predictions,
        entropies.unpredicted,
        entropies.observed,
        {{ from_trillionths('entropies.predicted_ppt') | indent(4) }} as predicted,
        {{ from_trillionths('entropies.variance_ppt') | indent(4) }} as variance,
        {{ from_trillionths('entropies.squared_error_ppt') | indent(4) }} as squared_error,
        entropies.log_loss_sum,
        entropies.observed_rate,
        entropies.predicted_sum / nullif(entropies.n, 0) as predicted_rate,
        entropies.predicted_sum / nullif(entropies.positives, 0) as pred_over_obs,
        (entropies.positives - entropies.predicted_sum)
        / nullif(sqrt(entropies.variance_sum), 0) as z,
        entropies.log_loss_sum / nullif(entropies.n, 0) as log_loss,
        entropies.log_loss_sum / nullif(entropies.n, 0)
        / nullif(entropies.entropy, 0) as normalized_entropy,
        1 - entropies.log_loss_sum / nullif(entropies.n, 0)
        / nullif(entropies.entropy, 0) as relative_information_gain,
        entropies.squared_error_sum / nullif(entropies.n, 0) as brier,
        errors_of_bins.ece,
        errors_of_bins.mce,
        (errors_of_bins.doubled_ranks - entropies.positives * (entropies.positives + 1))
        / nullif(2 * entropies.positives * entropies.negatives, 0) as auc
    from entropies
    left join errors_of_bins
        on
            {%- for key in keys %}
            {{ 'and ' if not loop.first }}entropies.{{ key }} = errors_of_bins.{{ key }}
            {%- endfor %}

)
{%- endmacro %}
