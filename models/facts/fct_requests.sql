-- Grain: one row per accepted request. Additive: every count and amount.
-- Not additive: user_id (count distinct).
-- Children are counted on the day of their request, so that every rate is a per-request rate. Where
-- a quantity is recorded by two systems, the units that only one of them has are counted here,
-- request by request: a net difference would let losses and surpluses cancel.
with requests as (

    select * from {{ ref('int_events__requests_accepted') }}

),

impressions_per_request as (

    select
        request_id,
        count(*) as impressions,
        count(*) filter (where is_commercial) as ad_impressions,
        sum(clicks) as clicks,
        sum(clicks) filter (where is_commercial) as ad_clicks,
        sum(clicks + repeated_clicks) as detail_views,
        sum(invalid_clicks) as invalid_clicks,
        sum(repeated_clicks) as repeated_clicks,
        sum(actions) as actions,
        sum(actions) filter (where is_commercial) as ad_actions,
        sum(action_value_micros) filter (where is_commercial) as action_value_micros,
        sum(revenue_micros) as revenue_micros,
        sum(clicks) filter (where is_commercial and pricing_model = 'cpc') as cpc_clicks,
        sum(click_charges) as charged_clicks,
        sum(
            case
                when is_commercial and pricing_model = 'cpc'
                    then greatest(clicks - click_charges, 0)
            end
        ) as cpc_clicks_not_charged,
        sum(
            case
                when is_commercial and pricing_model = 'cpc'
                    then greatest(click_charges - clicks, 0)
                else click_charges
            end
        ) as charges_without_click
    from {{ ref('fct_impressions') }}
    group by request_id

),

joined as (

    select
        requests.request_id,
        requests.requested_on,
        requests.requested_at,
        requests.user_id,
        requests.device_id,
        requests.{{ var('dimensions') | join(',\n        requests.') }},
        requests.results_returned,
        requests.commercial_results_returned,
        requests.ingested_at,
        {{- zero_where_absent('impressions_per_request', [
            'impressions', 'ad_impressions', 'clicks', 'ad_clicks', 'detail_views',
            'invalid_clicks', 'repeated_clicks', 'actions', 'ad_actions', 'cpc_clicks',
            'charged_clicks', 'cpc_clicks_not_charged', 'charges_without_click',
        ], 'bigint') | indent(4) }},
        {{- zero_where_absent(
            'impressions_per_request', ['action_value_micros', 'revenue_micros'], 'decimal(38, 0)'
        ) | indent(4) }}
    from requests
    left join impressions_per_request
        on requests.request_id = impressions_per_request.request_id

)

select * from joined
