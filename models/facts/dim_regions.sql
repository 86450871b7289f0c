-- Grain: one row per region of the reference table.
{{ config(materialized='table') }}

with reference as (

    select * from {{ ref('stg_reference__regions') }}

),

described as (

    select
        region_code,
        region_name,
        country_code,
        market_tier
    from reference

)

select * from described
