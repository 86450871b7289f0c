-- How much money does the quarantine hold back, and why?
-- A row that an accepted row with the same key supersedes holds nothing back. A row that breaks
-- several rules is counted once, under the first of them, so that the amounts add up.
with reasons as (

    select * from {{ ref('fct_quarantine_reasons') }}

),

held as (

    select
        reason,
        event_table,
        currency,
        count(*) as open_rows,
        {{ micros_to_units('sum(amount_micros)') }} as amount,
        {{ micros_to_units('sum(amount_in_reporting_micros)') }} as amount_in_reporting_currency,
        min(event_on) as first_day,
        max(event_on) as last_day
    from reasons
    where is_first_reason and not is_superseded
    group by event_table, reason, currency

)

select * from held
order by
    abs(coalesce(amount_in_reporting_currency, 0)) desc,
    open_rows desc,
    event_table asc,
    reason asc
