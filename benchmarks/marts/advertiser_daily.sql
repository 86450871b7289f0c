-- Grain: one row per day and advertiser with a commercial impression or a charge.
with shown as (
    select requests.requested_on, impressions.advertiser_id, count(*) as ad_impressions
    from impressions
    inner join requests on impressions.request_id = requests.request_id
    where impressions.is_commercial
    group by requests.requested_on, impressions.advertiser_id
),
answered as (
    select
        requests.requested_on,
        responses.impression_advertiser_id as advertiser_id,
        sum(responses.clicks) as ad_clicks,
        sum(responses.actions) as ad_actions,
        sum(responses.action_value_micros) as action_value_micros
    from responses
    inner join requests on responses.request_id = requests.request_id
    where responses.is_commercial
    group by requests.requested_on, responses.impression_advertiser_id
),
spent as (
    select requested_on, advertiser_id, sum(revenue_micros) as revenue_micros
    from charged
    group by requested_on, advertiser_id
),
sides as (
    select requested_on, advertiser_id, ad_impressions, 0 as ad_clicks, 0 as ad_actions,
        {{ whole('0') }} as action_value_micros, {{ whole('0') }} as revenue_micros, 0 as is_active
    from shown
    union all
    select requested_on, advertiser_id, 0, ad_clicks, ad_actions, action_value_micros, {{ whole('0') }}, 0
    from answered
    union all
    select requested_on, advertiser_id, 0, 0, 0, {{ whole('0') }}, revenue_micros, 1
    from spent
)
select
    requested_on,
    advertiser_id,
    sum(ad_impressions) as ad_impressions,
    sum(ad_clicks) as ad_clicks,
    sum(ad_actions) as ad_actions,
    sum(action_value_micros) as action_value_micros,
    sum(revenue_micros) as revenue_micros,
    max(is_active) as is_active
from sides
group by requested_on, advertiser_id
