-- Grain: one row per day and advertiser with a commercial impression or a charge on that day's
-- requests. Additive: every count and amount, and is_active within a day. Not additive: ratios, and
-- is_active over days (an advertiser who is active on two days is one advertiser).
-- Impressions, clicks and conversions stand under the impression's advertiser, money under the one
-- whom the ledger charged.
with impressions as (

    select * from {{ ref('agg_advertiser_impressions_daily') }}

),

responses as (

    select * from {{ ref('agg_advertiser_responses_daily') }}

),

charges as (

    select * from {{ ref('agg_charges_daily') }}

),

advertisers as (

    select * from {{ ref('dim_advertisers') }}

),

volumes as (

    select
        impressions.*,
        {{- zero_where_absent('responses', ['ad_clicks', 'ad_actions', 'action_value_micros'])
            | indent(4) }}
    from impressions
    left join responses
        on
            impressions.requested_on = responses.requested_on
            and impressions.advertiser_id = responses.advertiser_id

),

spend as (

    select
        requested_on,
        advertiser_id,
        sum(revenue_micros) as revenue_micros
    from charges
    group by requested_on, advertiser_id

),

joined as (

    select
        coalesce(volumes.requested_on, spend.requested_on) as requested_on,
        coalesce(volumes.advertiser_id, spend.advertiser_id) as advertiser_id,
        coalesce(volumes.ad_impressions, 0) as ad_impressions,
        cast(coalesce(volumes.ad_clicks, 0) as bigint) as ad_clicks,
        cast(coalesce(volumes.ad_actions, 0) as bigint) as ad_actions,
        {{ micros_to_units('coalesce(volumes.action_value_micros, 0)') }} as action_value,
        {{ micros_to_units('coalesce(spend.revenue_micros, 0)') }} as revenue,
        case when spend.advertiser_id is null then 0 else 1 end as is_active
    from volumes
    full outer join spend
        on
            volumes.requested_on = spend.requested_on
            and volumes.advertiser_id = spend.advertiser_id

),

described as (

    select
        joined.requested_on,
        joined.advertiser_id,
        advertisers.advertiser_name,
        advertisers.industry,
        advertisers.tier,
        joined.ad_impressions,
        joined.ad_clicks,
        joined.ad_actions,
        joined.action_value,
        joined.revenue,
        joined.is_active,
        {{- metric_columns([
            'ctr2', 'acp', 'cpm2', 'cpa', 'cvr', 'aov', 'roas', 'roi',
        ]) | indent(4) }}
    from joined
    left join advertisers on joined.advertiser_id = advertisers.advertiser_id

)

select * from described
