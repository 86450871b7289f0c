-- Grain: one row per advertiser, month and currency, as the reference table lists it.
with source as (

    select * from {{ source('reference', 'invoices') }}

),

typed as (

    select
        {{ to_text('advertiser_id') }} as advertiser_id,
        try_cast(invoice_month as date) as invoice_month,
        {{ to_text('currency') }} as currency,
        {{ to_integer('amount_micros') }} as amount_micros
    from source

)

select * from typed
