-- Grain: one row per day and currency on which either basis has money.
-- Request basis: a charge on the day of the request that led to it; ledger basis: on the day
-- charged.
-- They differ day by day, and their cumulative difference returns to 0 once the last charge has
-- come.
-- Additive over days: the amounts (within a currency), the revenues and timing_difference. Not
-- additive: cumulative_timing_difference (a running total).
with charges as (

    select * from {{ ref('agg_charges_daily') }}

),

request_basis as (

    select
        requested_on as reported_on,
        currency,
        sum(amount_micros) as amount_micros,
        sum(revenue_micros) as revenue_micros
    from charges
    group by requested_on, currency

),

ledger_basis as (

    select
        charged_on as reported_on,
        currency,
        sum(amount_micros) as amount_micros,
        sum(revenue_micros) as revenue_micros
    from charges
    group by charged_on, currency

),

joined as (

    select
        coalesce(request_basis.reported_on, ledger_basis.reported_on) as reported_on,
        coalesce(request_basis.currency, ledger_basis.currency) as currency,
        {{ micros_to_units('coalesce(request_basis.amount_micros, 0)') }} as request_basis_amount,
        {{ micros_to_units('coalesce(ledger_basis.amount_micros, 0)') }} as ledger_basis_amount,
        {{ micros_to_units('coalesce(request_basis.revenue_micros, 0)') }} as request_basis_revenue,
        {{ micros_to_units('coalesce(ledger_basis.revenue_micros, 0)') }} as ledger_basis_revenue
    from request_basis
    full outer join ledger_basis
        on
            request_basis.reported_on = ledger_basis.reported_on
            and request_basis.currency = ledger_basis.currency

),

differenced as (

    select
        reported_on,
        currency,
        request_basis_amount,
        ledger_basis_amount,
        cast(request_basis_amount - ledger_basis_amount as decimal(38, 6)) as timing_difference,
        cast(
            sum(request_basis_amount - ledger_basis_amount) over (
                partition by currency order by reported_on nulls last
            ) as decimal(38, 6)
        ) as cumulative_timing_difference,
        request_basis_revenue,
        ledger_basis_revenue
    from joined

)

select * from differenced
