-- Grain: one row per campaign of the reference table.
{{ config(materialized='table') }}

with reference as (

    select * from {{ ref('stg_reference__campaigns') }}

),

described as (

    select
        campaign_id,
        advertiser_id,
        campaign_name,
        objective,
        promotion_type,
        target_roi,
        budget_micros,
        currency,
        starts_on,
        ends_on
    from reference

)

select * from described
