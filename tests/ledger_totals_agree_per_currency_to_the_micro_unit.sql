-- For each currency, over all time and to the micro-unit:
--   accepted ledger = fct_charges = request basis = ledger basis = ledger of the invoice months.
-- A currency that one of them lacks counts as 0 there: one with an invoice and no charge has no line.
-- No tolerance: every term is a sum of whole micro-units.
{%- set micros = 'cast(0.000001 as decimal(6, 6))' %}
with amounts as (

    select
        currency,
        'accepted_ledger' as place,
        amount_micros * {{ micros }} as amount
    from {{ ref('int_events__charges_accepted') }}
    union all
    select
        currency,
        'fct_charges' as place,
        amount_micros * {{ micros }} as amount
    from {{ ref('fct_charges') }}
    union all
    select
        currency,
        'request_basis' as place,
        request_basis_amount as amount
    from {{ ref('reconciliation_daily') }}
    union all
    select
        currency,
        'ledger_basis' as place,
        ledger_basis_amount as amount
    from {{ ref('reconciliation_daily') }}
    union all
    select
        currency,
        'invoice_months' as place,
        ledger_amount as amount
    from {{ ref('invoice_reconciliation_monthly') }}

),

totals as (

    select
        currency,
        {%- for place in [
            'accepted_ledger', 'fct_charges', 'request_basis', 'ledger_basis', 'invoice_months',
        ] %}
        coalesce(sum(amount) filter (where place = '{{ place }}'), 0) as {{ place }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from amounts
    group by currency

)

select * from totals
where
    (
        accepted_ledger = fct_charges
        and accepted_ledger = request_basis
        and accepted_ledger = ledger_basis
        and accepted_ledger = invoice_months
    ) is not true
