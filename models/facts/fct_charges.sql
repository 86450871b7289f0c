-- Grain: one row per accepted ledger line. Additive: amount_micros within one currency,
-- revenue_micros everywhere. Not additive: advertiser_id (count distinct).
-- requested_on is the day of the request that led to the charge, charged_on the ledger's own day.
{{ config(meta={'day': 'requested_on'}) }}

with charges as (

    select * from {{ ref('int_events__charges_accepted') }}

),

responses as (

    select * from {{ ref('fct_early_responses') }}

),

joined as (

    select
        charges.charge_id,
        charges.charged_event,
        charges.event_id,
        charges.original_charge_id,
        charges.impression_id,
        charges.request_id,
        charges.advertiser_id,
        charges.impression_advertiser_id,
        charges.is_commercial,
        charges.pricing_model,
        charges.requested_on,
        charges.charged_on,
        responses.{{ var('dimensions') | join(',\n        responses.') }},
        charges.currency,
        charges.amount_micros,
        charges.amount_in_reporting_micros as revenue_micros,
        charges.amount_micros < 0 as is_refund,
        charges.charged_at,
        charges.ingested_at
    from charges
    inner join responses
        on
            charges.requested_on = responses.requested_on
            and charges.impression_id = responses.impression_id

)

select * from joined
