-- Grain: one row per creative of the reference table.
{{ config(materialized='table') }}

with reference as (

    select * from {{ ref('stg_reference__creatives') }}

),

described as (

    select
        creative_id,
        campaign_id,
        product_id,
        creative_format
    from reference

)

select * from described
