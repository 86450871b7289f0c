-- Grain: one row per day and advertiser with a commercial impression. Additive: ad_impressions.
{{ config(
    materialized='by_day',
    meta={
        'day': 'requested_on',
        'follows': {'int_events__impressions_judged': 'requested_on'},
    },
) }}

with impressions as (

    select *
    from {{ ref('int_events__impressions_accepted') }}
    where {{ in_batch('requested_on') }}

),

counted as (

    select
        requested_on,
        advertiser_id,
        count(*) as ad_impressions
    from impressions
    where is_commercial
    group by requested_on, advertiser_id

)

select * from counted
