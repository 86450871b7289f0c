-- Grain: one row per day, slice and advertiser charged there for an impression or a click, a slice
-- being the whole day, one value of one reporting dimension, or what the marts of search and of
-- the local surfaces show. Nothing to add up: advertiser_id is counted distinct.
-- Far fewer rows than charges: a refund or a conversion weeks later is counted with them again.
{{ config(
    materialized='by_day',
    meta={
        'day': 'requested_on',
        'follows': {
            'fct_early_responses': 'requested_on',
            'int_events__event_charges_judged':
                "case when charged_event <> 'action' then requested_on end",
        },
    },
) }}

with charges as (

    select *
    from {{ ref('int_events__event_charges_judged') }}
    where outcome = 'accepted' and charged_event <> 'action' and {{ in_batch('requested_on') }}

),

responses as (

    select *
    from {{ ref('fct_early_responses') }}
    where {{ in_batch('requested_on') }}

),

charged as (

    select distinct
        charges.requested_on,
        responses.{{ var('dimensions') | join(',\n        responses.') }},
        charges.advertiser_id
    from charges
    inner join responses
        on
            charges.requested_on = responses.requested_on
            and charges.impression_id = responses.impression_id

),

by_slice as (

    {{ distinct_values_by_slice('charged', 'advertiser_id') | indent(4) }}

)

select * from by_slice
