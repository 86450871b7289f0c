-- Grain: one row per day and advertiser of an impression with a click, conversion or charge.
-- Additive: every count and amount.
{{ config(
    materialized='by_day',
    meta={'day': 'requested_on', 'follows': {'fct_responses': 'requested_on'}},
) }}

with responses as (

    select *
    from {{ ref('fct_responses') }}
    where {{ in_batch('requested_on') }}

),

summed as (

    select
        requested_on,
        impression_advertiser_id as advertiser_id,
        cast(sum(clicks) as bigint) as ad_clicks,
        cast(sum(actions) as bigint) as ad_actions,
        cast(sum(action_value_micros) as decimal(38, 0)) as action_value_micros
    from responses
    where is_commercial
    group by requested_on, impression_advertiser_id

)

select * from summed
