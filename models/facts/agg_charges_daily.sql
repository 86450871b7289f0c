-- Grain: one row per day of the request, day charged, advertiser and currency. Additive: line_count
-- and revenue_micros everywhere, amount_micros within one currency.
{{ config(
    materialized='by_day',
    meta={
        'day': 'requested_on',
        'follows': {
            'int_events__event_charges_judged': 'requested_on',
            'int_events__adjustments_judged': 'requested_on',
        },
    },
) }}

with charges as (

    select *
    from {{ ref('int_events__charges_accepted') }}
    where {{ in_batch('requested_on') }}

),

summed as (

    select
        requested_on,
        charged_on,
        advertiser_id,
        currency,
        count(*) as line_count,
        cast(sum(amount_micros) as decimal(38, 0)) as amount_micros,
        cast(sum(amount_in_reporting_micros) as decimal(38, 0)) as revenue_micros
    from charges
    group by requested_on, charged_on, advertiser_id, currency

)

select * from summed
