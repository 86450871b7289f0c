-- Grain: one row per accepted ledger line. Additive: amount_micros within one currency,
-- revenue_micros everywhere. Not additive: advertiser_id (count distinct).
-- requested_on is the day of the request that led to the charge, charged_on the ledger's own day.
with charges as (

    select * from {{ ref('int_events__charges_accepted') }}

),

impressions as (

    select * from {{ ref('int_events__impressions_accepted') }}

),

requests as (

    select * from {{ ref('int_events__requests_accepted') }}

),

joined as (

    select
        charges.charge_id,
        charges.charged_event,
        charges.event_id,
        charges.original_charge_id,
        charges.impression_id,
        impressions.request_id,
        charges.advertiser_id,
        impressions.advertiser_id as impression_advertiser_id,
        impressions.is_commercial,
        impressions.pricing_model,
        requests.requested_on,
        charges.charged_on,
        requests.{{ var('dimensions') | join(',\n        requests.') }},
        charges.currency,
        charges.amount_micros,
        charges.amount_in_reporting_micros as revenue_micros,
        charges.amount_micros < 0 as is_refund,
        charges.charged_at,
        charges.ingested_at
    from charges
    inner join impressions on charges.impression_id = impressions.impression_id
    inner join requests on impressions.request_id = requests.request_id

)

select * from joined
