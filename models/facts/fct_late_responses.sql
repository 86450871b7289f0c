-- Grain: one row per accepted impression with a conversion, a charge for one or an adjustment of a
-- charge. Additive: every count and amount.
-- These come for weeks after the request, and are few. Whatever they hang on was clicked or charged
-- before, and so is in fct_early_responses, with the dimensions of the request.
{{ config(
    materialized='by_day',
    meta={
        'day': 'requested_on',
        'follows': {
            'fct_early_responses': 'requested_on',
            'int_events__actions_judged': 'requested_on',
            'int_events__event_charges_judged':
                "case when charged_event = 'action' then requested_on end",
            'int_events__adjustments_judged': 'requested_on',
        },
    },
) }}

with early_responses as (

    select *
    from {{ ref('fct_early_responses') }}
    where {{ in_batch('requested_on') }}

),

actions as (

    select *
    from {{ ref('int_events__actions_judged') }}
    where outcome = 'accepted' and {{ in_batch('requested_on') }}

),

action_charges as (

    select *
    from {{ ref('int_events__event_charges_judged') }}
    where outcome = 'accepted' and charged_event = 'action' and {{ in_batch('requested_on') }}

),

adjustments as (

    select *
    from {{ ref('int_events__adjustments_judged') }}
    where outcome = 'accepted' and {{ in_batch('requested_on') }}

),

late_events as (

    select
        requested_on,
        impression_id,
        click_id as converted_click_id,
        1 as actions,
        cast(action_value_in_reporting_micros as decimal(38, 0)) as action_value_micros,
        cast(0 as decimal(38, 0)) as revenue_micros
    from actions

    union all

    select
        requested_on,
        impression_id,
        cast(null as string) as converted_click_id,
        0 as actions,
        cast(0 as decimal(38, 0)) as action_value_micros,
        cast(amount_in_reporting_micros as decimal(38, 0)) as revenue_micros
    from action_charges

    union all

    select
        requested_on,
        impression_id,
        cast(null as string) as converted_click_id,
        0 as actions,
        cast(0 as decimal(38, 0)) as action_value_micros,
        cast(amount_in_reporting_micros as decimal(38, 0)) as revenue_micros
    from adjustments

),

-- Only a conversion that a valid click led to counts as one of the platform's.
traced as (

    select
        late_events.requested_on,
        late_events.impression_id,
        early_responses.request_id,
        early_responses.is_commercial,
        early_responses.impression_advertiser_id,
        early_responses.user_id,
        early_responses.{{ var('dimensions') | join(',\n        early_responses.') }},
        late_events.actions,
        late_events.action_value_micros,
        late_events.revenue_micros
    from late_events
    inner join early_responses
        on
            late_events.requested_on = early_responses.requested_on
            and late_events.impression_id = early_responses.impression_id
    where
        late_events.actions = 0
        or late_events.converted_click_id = early_responses.valid_click_id

),

per_impression as (

    select
        requested_on,
        impression_id,
        {%- for column in
            ['request_id', 'is_commercial', 'impression_advertiser_id', 'user_id'] + var('dimensions')
        %}
        any_value({{ column }}) as {{ column }},
        {%- endfor %}
        cast(sum(actions) as bigint) as actions,
        cast(sum(action_value_micros) as decimal(38, 0)) as action_value_micros,
        cast(sum(revenue_micros) as decimal(38, 0)) as revenue_micros
    from traced
    group by requested_on, impression_id

)

select * from per_impression
