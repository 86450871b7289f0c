-- Grain: one row per day and slice with a charge or an adjustment, a slice being the whole day, one
-- value of one reporting dimension, or what the mart of search shows. Not additive: distinct
-- advertisers, exact because they are counted at this very grain.
{{ config(
    materialized='by_day',
    meta={
        'day': 'requested_on',
        'follows': {
            'agg_early_advertisers_daily': 'requested_on',
            'fct_early_responses': 'requested_on',
            'int_events__event_charges_judged':
                "case when charged_event = 'action' then requested_on end",
            'int_events__adjustments_judged': 'requested_on',
        },
    },
) }}

with early_advertisers as (

    select *
    from {{ ref('agg_early_advertisers_daily') }}
    where {{ in_batch('requested_on') }}

),

early_responses as (

    select *
    from {{ ref('fct_early_responses') }}
    where {{ in_batch('requested_on') }}

),

late_charges as (

    select
        requested_on,
        impression_id,
        advertiser_id
    from {{ ref('int_events__event_charges_judged') }}
    where outcome = 'accepted' and charged_event = 'action' and {{ in_batch('requested_on') }}

    union all

    select
        requested_on,
        impression_id,
        advertiser_id
    from {{ ref('int_events__adjustments_judged') }}
    where outcome = 'accepted' and {{ in_batch('requested_on') }}

),

charged_late as (

    select distinct
        late_charges.requested_on,
        early_responses.{{ var('dimensions') | join(',\n        early_responses.') }},
        late_charges.advertiser_id
    from late_charges
    inner join early_responses
        on
            late_charges.requested_on = early_responses.requested_on
            and late_charges.impression_id = early_responses.impression_id

),

by_slice as (

    -- By name: Spark puts the column by which a table is partitioned last.
    select
        requested_on,
        dimension,
        dimension_value,
        advertiser_id
    from early_advertisers

    union all

    {{ distinct_values_by_slice('charged_late', 'advertiser_id') | indent(4) }}

),

counted as (

    select
        requested_on,
        dimension,
        dimension_value,
        count(distinct advertiser_id) as active_advertisers
    from by_slice
    group by requested_on, dimension, dimension_value

)

select * from counted
