-- Grain: one row per accepted request, with the results that it showed. Additive: every count.
-- Not additive: user_id (count distinct).
-- What a request led to afterwards is in fct_responses: it comes later and is far less.
{{ config(
    materialized='by_day',
    meta={
        'day': 'requested_on',
        'follows': {
            'int_events__requests_judged': "case when outcome = 'accepted' then event_on end",
            'int_events__impressions_judged': 'requested_on',
        },
    },
) }}

with requests as (

    select *
    from {{ ref('int_events__requests_accepted') }}
    where {{ in_batch('requested_on') }}

),

impressions_per_request as (

    select
        requested_on,
        request_id,
        count(*) as impressions,
        count(*) filter (where is_commercial) as ad_impressions
    from {{ ref('int_events__impressions_accepted') }}
    where {{ in_batch('requested_on') }}
    group by requested_on, request_id

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
        {{- zero_where_absent(
            'impressions_per_request', ['impressions', 'ad_impressions'], 'bigint'
        ) | indent(4) }}
    from requests
    left join impressions_per_request
        on
            requests.requested_on = impressions_per_request.requested_on
            and requests.request_id = impressions_per_request.request_id

)

select * from joined
