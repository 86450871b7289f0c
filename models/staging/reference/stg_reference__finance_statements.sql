-- Grain: one row per quarter and currency, as the reference table lists it.
with source as (

    select * from {{ source('reference', 'finance_statements') }}

),

typed as (

    select
        try_cast(quarter_starts_on as date) as quarter_starts_on,
        {{ to_text('currency') }} as currency,
        {{ to_integer('net_income_micros') }} as net_income_micros,
        {{ to_integer('pretax_income_micros') }} as pretax_income_micros,
        {{ to_integer('ebit_micros') }} as ebit_micros,
        {{ to_integer('sales_micros') }} as sales_micros,
        {{ to_integer('assets_micros') }} as assets_micros,
        {{ to_integer('equity_micros') }} as equity_micros
    from source

)

select * from typed
