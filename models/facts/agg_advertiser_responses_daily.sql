-- Grain: one row per day and advertiser of an impression with a click, conversion or charge.
-- Additive: every count and amount.
{{ config(
    materialized='by_day',
    meta={
        'day': 'requested_on',
        'follows': {
            'fct_early_responses': 'requested_on',
            'fct_late_responses': 'requested_on',
        },
    },
) }}

with responses as (

    select
        requested_on,
        impression_advertiser_id as advertiser_id,
        clicks as ad_clicks,
        0 as ad_actions,
        cast(0 as decimal(38, 0)) as action_value_micros
    from {{ ref('fct_early_responses') }}
    where is_commercial and {{ in_batch('requested_on') }}

    union all

    select
        requested_on,
        impression_advertiser_id as advertiser_id,
        0 as ad_clicks,
        actions as ad_actions,
        action_value_micros
    from {{ ref('fct_late_responses') }}
    where is_commercial and {{ in_batch('requested_on') }}

),

summed as (

    select
        requested_on,
        advertiser_id,
        cast(sum(ad_clicks) as bigint) as ad_clicks,
        cast(sum(ad_actions) as bigint) as ad_actions,
        cast(sum(action_value_micros) as decimal(38, 0)) as action_value_micros
    from responses
    group by requested_on, advertiser_id

)

select * from summed
