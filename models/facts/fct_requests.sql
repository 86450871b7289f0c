-- Grain: one row per accepted request. Additive: every count and amount.
-- Not additive: user_id (count distinct).
-- Children are counted on the day of their request, so that every rate is a per-request rate. Where
-- a quantity is recorded by two systems, the units that only one of them has are counted here,
-- request by request: a net difference would let losses and surpluses cancel.
{{ config(meta={'day': 'requested_on'}) }}

with traffic as (

    select * from {{ ref('fct_traffic') }}

),

responses_per_request as (

    select
        requested_on,
        request_id,
        {{- response_sums(response_counts() + ['action_value_micros', 'revenue_micros'])
            | indent(4) }}
    from {{ ref('fct_responses') }}
    group by requested_on, request_id

),

joined as (

    select
        traffic.request_id,
        traffic.requested_on,
        traffic.requested_at,
        traffic.user_id,
        traffic.device_id,
        traffic.{{ var('dimensions') | join(',\n        traffic.') }},
        traffic.results_returned,
        traffic.commercial_results_returned,
        traffic.ingested_at,
        traffic.impressions,
        traffic.ad_impressions,
        {{- zero_where_absent('responses_per_request', response_counts(), 'bigint') | indent(4) }},
        {{- zero_where_absent(
            'responses_per_request', ['action_value_micros', 'revenue_micros'], 'decimal(38, 0)'
        ) | indent(4) }}
    from traffic
    left join responses_per_request
        on
            traffic.requested_on = responses_per_request.requested_on
            and traffic.request_id = responses_per_request.request_id

)

select * from joined
