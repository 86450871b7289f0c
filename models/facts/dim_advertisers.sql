-- Grain: one row per advertiser: those of the reference table, and any whom only the events name.
-- An advertiser that the reference lacks is kept, so that no spend drops out of a join.
{{ config(materialized='table') }}

with listed as (

    select * from {{ ref('stg_reference__advertisers') }}

),

named as (

    select advertiser_id from {{ ref('agg_charges_daily') }}
    union
    select advertiser_id from {{ ref('agg_advertiser_impressions_daily') }}

),

combined as (

    select
        coalesce(listed.advertiser_id, named.advertiser_id) as advertiser_id,
        listed.advertiser_name,
        listed.industry,
        listed.tier,
        listed.onboarded_on,
        listed.advertiser_id is not null as is_listed
    from listed
    full outer join named on listed.advertiser_id = named.advertiser_id
    where coalesce(listed.advertiser_id, named.advertiser_id) is not null

)

select * from combined
