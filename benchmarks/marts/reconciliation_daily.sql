-- Grain: one row per day and currency on which either basis has money.
with sides as (
    select requested_on as reported_on, currency, amount_micros as request_amount, 0 as ledger_amount,
        revenue_micros as request_revenue, {{ whole('0') }} as ledger_revenue
    from charged
    union all
    select charged_on, currency, 0, amount_micros, {{ whole('0') }}, revenue_micros
    from charged
),
days as (
    select
        reported_on,
        currency,
        sum(request_amount) as request_basis_amount_micros,
        sum(ledger_amount) as ledger_basis_amount_micros,
        sum(request_revenue) as request_basis_revenue_micros,
        sum(ledger_revenue) as ledger_basis_revenue_micros
    from sides
    group by reported_on, currency
)
select
    days.*,
    sum(request_basis_amount_micros - ledger_basis_amount_micros) over (
        partition by currency
        order by reported_on
    ) as cumulative_timing_difference_micros
from days
