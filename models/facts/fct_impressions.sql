-- Grain: one row per accepted impression, paid or organic. Additive: every count and amount.
-- Not additive: user_id (count distinct), bid_micros and the predictions (per row).
-- Counted on the day and under the dimensions of its request.
{{ config(meta={'day': 'requested_on'}) }}

with impressions as (

    select * from {{ ref('int_events__impressions_accepted') }}

),

traffic as (

    select * from {{ ref('fct_traffic') }}

),

responses as (

    select * from {{ ref('fct_responses') }}

),

joined as (

    select
        impressions.impression_id,
        impressions.request_id,
        impressions.requested_on,
        traffic.{{ var('dimensions') | join(',\n        traffic.') }},
        traffic.user_id,
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
        {{- zero_where_absent(
            'responses', ['clicks', 'invalid_clicks', 'repeated_clicks', 'actions'], 'bigint'
        ) | indent(4) }},
        {{- zero_where_absent(
            'responses', ['action_value_micros', 'revenue_micros'], 'decimal(38, 0)'
        ) | indent(4) }},
        {{- zero_where_absent('responses', ['click_charges'], 'bigint') | indent(4) }}
    from impressions
    inner join traffic
        on
            impressions.requested_on = traffic.requested_on
            and impressions.request_id = traffic.request_id
    left join responses
        on
            impressions.requested_on = responses.requested_on
            and impressions.impression_id = responses.impression_id

)

select * from joined
