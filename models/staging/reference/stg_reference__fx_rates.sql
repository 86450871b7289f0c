-- Grain: one row per currency on one day, as the reference table lists it.
with source as (

    select * from {{ source('reference', 'fx_rates') }}

),

typed as (

    select
        try_cast(rate_date as date) as rate_date,
        {{ to_text('currency') }} as currency,
        try_cast(rate as decimal(18, 8)) as rate
    from source

)

select * from typed
