-- Grain: one row per accepted impression, paid or organic. Additive: every count and amount.
-- Not additive: user_id (count distinct), bid_micros and the predictions (per row).
-- Counted on the day and under the dimensions of its request.
with impressions as (

    select * from {{ ref('int_events__impressions_accepted') }}

),

requests as (

    select * from {{ ref('int_events__requests_accepted') }}

),

clicks_per_impression as (

    select
        impression_id,
        count(*) filter (where click_role = 'valid') as clicks,
        count(*) filter (where click_role = 'invalid') as invalid_clicks,
        count(*) filter (where click_role = 'repeated') as repeated_clicks
    from {{ ref('int_events__clicks_accepted') }}
    group by impression_id

),

-- Only a conversion that a valid click led to counts as one of the platform's.
actions_per_impression as (

    select
        impression_id,
        count(*) as actions,
        sum(action_value_in_reporting_micros) as action_value_micros
    from {{ ref('int_events__actions_accepted') }}
    where click_role = 'valid'
    group by impression_id

),

charges_per_impression as (

    select
        impression_id,
        sum(amount_in_reporting_micros) as revenue_micros,
        count(*) filter (where charged_event = 'click' and amount_micros > 0) as click_charges
    from {{ ref('int_events__charges_accepted') }}
    group by impression_id

),

joined as (

    select
        impressions.impression_id,
        impressions.request_id,
        requests.requested_on,
        requests.{{ var('dimensions') | join(',\n        requests.') }},
        requests.user_id,
        impressions.result_id,
        impressions.is_commercial,
        impressions.advertiser_id,
        impressions.campaign_id,
        impressions.creative_id,
        impressions.position,
        impressions.pricing_model,
        impressions.bid_micros,
        impressions.predicted_ctr,
        impressions.predicted_cvr,
        impressions.impressed_at,
        coalesce(clicks_per_impression.clicks, 0) as clicks,
        coalesce(clicks_per_impression.invalid_clicks, 0) as invalid_clicks,
        coalesce(clicks_per_impression.repeated_clicks, 0) as repeated_clicks,
        coalesce(actions_per_impression.actions, 0) as actions,
        cast(coalesce(actions_per_impression.action_value_micros, 0) as decimal(38, 0))
            as action_value_micros,
        cast(coalesce(charges_per_impression.revenue_micros, 0) as decimal(38, 0))
            as revenue_micros,
        coalesce(charges_per_impression.click_charges, 0) as click_charges
    from impressions
    inner join requests on impressions.request_id = requests.request_id
    left join clicks_per_impression
        on impressions.impression_id = clicks_per_impression.impression_id
    left join actions_per_impression
        on impressions.impression_id = actions_per_impression.impression_id
    left join charges_per_impression
        on impressions.impression_id = charges_per_impression.impression_id

)

select * from joined
