-- For each currency, over all time and to the micro-unit:
--   accepted ledger = fct_charges = request basis = ledger basis = ledger of the invoice months.
-- A currency that one of them lacks counts as 0 there: one with an invoice and no charge has no
-- line. No tolerance: every term is a sum of whole micro-units.
with amounts as (

    select
        currency,
        'accepted ledger' as place,
        {{ micros_to_units('amount_micros') }} as amount
    from {{ ref('int_events__charges_accepted') }}
    union all
    select
        currency,
        'fct_charges' as place,
        {{ micros_to_units('amount_micros') }} as amount
    from {{ ref('fct_charges') }}
    union all
    select
        currency,
        'request basis' as place,
        request_basis_amount as amount
    from {{ ref('reconciliation_daily') }}
    union all
    select
        currency,
        'ledger basis' as place,
        ledger_basis_amount as amount
    from {{ ref('reconciliation_daily') }}
    union all
    select
        currency,
        'invoice months' as place,
        ledger_amount as amount
    from {{ ref('invoice_reconciliation_monthly') }}

),

places as (

    select distinct place from amounts

),

currencies as (

    select distinct currency from amounts

),

totals as (

    select
        currencies.currency,
        places.place,
        coalesce(sum(amounts.amount), 0) as amount
    from currencies
    cross join places
    left join amounts
        on
            currencies.currency = amounts.currency
            and places.place = amounts.place
    group by currencies.currency, places.place

)

select
    currency,
    min(amount) as least_amount,
    max(amount) as greatest_amount
from totals
group by currency
having (min(amount) = max(amount)) is not true
