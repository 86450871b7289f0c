-- Grain: one row per quarter and currency of the platform's statements. Not additive: assets_micros
-- and equity_micros are means of a quarter.
{{ config(materialized='table') }}

with reference as (

    select * from {{ ref('stg_reference__finance_statements') }}

),

stated as (

    select
        quarter_starts_on,
        currency,
        net_income_micros,
        pretax_income_micros,
        ebit_micros,
        sales_micros,
        assets_micros,
        equity_micros
    from reference

)

select * from stated
