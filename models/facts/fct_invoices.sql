-- Grain: one row per advertiser, month and currency billed. Additive within a currency:
-- amount_micros.
{{ config(materialized='table') }}

with reference as (

    select * from {{ ref('stg_reference__invoices') }}

),

stated as (

    select
        advertiser_id,
        invoice_month,
        currency,
        amount_micros
    from reference

)

select * from stated
