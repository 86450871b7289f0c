-- Grain: one row per event day, event table, reason and currency of the money held back.
-- Additive: first_reason_rows and amount_at_stake. Not additive over reasons: quarantined_rows,
-- superseded_rows and both amounts, because a row may break several rules.
with reasons as (

    select * from {{ ref('fct_quarantine_reasons') }}

),

summed as (

    select
        event_on,
        event_table,
        reason,
        currency,
        count(*) as quarantined_rows,
        count(*) filter (where is_first_reason) as first_reason_rows,
        count(*) filter (where is_superseded) as superseded_rows,
        {{ micros_to_units('sum(amount_micros)') }} as amount,
        {{ micros_to_units('sum(amount_in_reporting_micros)') }} as amount_in_reporting_currency,
        {{ micros_to_units(
            'sum(amount_in_reporting_micros) filter (where is_first_reason and not is_superseded)'
        ) }} as amount_at_stake
    from reasons
    group by event_on, event_table, reason, currency

)

select * from summed
