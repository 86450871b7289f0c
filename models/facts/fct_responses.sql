-- Grain: one row per accepted impression that was clicked, led to a conversion or was charged, with
-- what came of it. Additive: every count and amount.
-- These few rows carry all that comes late: a conversion, a verdict on a click or a refund changes
-- them and leaves the impression itself, and the request, as they are.
{{ config(
    materialized='by_day',
    meta={
        'day': 'requested_on',
        'follows': {
            'int_events__requests_judged': "case when outcome = 'accepted' then event_on end",
            'int_events__clicks_judged': 'requested_on',
            'int_events__actions_judged': 'requested_on',
            'int_events__event_charges_judged': 'requested_on',
            'int_events__adjustments_judged': 'requested_on',
        },
    },
) }}

with requests as (

    select *
    from {{ ref('int_events__requests_accepted') }}
    where {{ in_batch('requested_on') }}

),

clicks as (

    select *
    from {{ ref('int_events__clicks_accepted') }}
    where {{ in_batch('requested_on') }}

),

actions as (

    select *
    from {{ ref('int_events__actions_judged') }}
    where outcome = 'accepted' and {{ in_batch('requested_on') }}

),

charges as (

    select *
    from {{ ref('int_events__charges_accepted') }}
    where {{ in_batch('requested_on') }}

),

-- Only a conversion that a valid click led to counts as one of the platform's.
valid_actions as (

    select actions.*
    from actions
    inner join clicks
        on actions.requested_on = clicks.requested_on and actions.click_id = clicks.click_id
    where clicks.click_role = 'valid'

),

responses as (

    select
        impression_id,
        {{ journey_columns() | join(',\n        ') }},
        case when click_role = 'valid' then 1 else 0 end as clicks,
        case when click_role = 'invalid' then 1 else 0 end as invalid_clicks,
        case when click_role = 'repeated' then 1 else 0 end as repeated_clicks,
        0 as actions,
        cast(0 as decimal(38, 0)) as action_value_micros,
        cast(0 as decimal(38, 0)) as revenue_micros,
        0 as click_charges
    from clicks

    union all

    select
        impression_id,
        {{ journey_columns() | join(',\n        ') }},
        0 as clicks,
        0 as invalid_clicks,
        0 as repeated_clicks,
        1 as actions,
        cast(action_value_in_reporting_micros as decimal(38, 0)) as action_value_micros,
        cast(0 as decimal(38, 0)) as revenue_micros,
        0 as click_charges
    from valid_actions

    union all

    select
        impression_id,
        {{ journey_columns() | join(',\n        ') }},
        0 as clicks,
        0 as invalid_clicks,
        0 as repeated_clicks,
        0 as actions,
        cast(0 as decimal(38, 0)) as action_value_micros,
        cast(amount_in_reporting_micros as decimal(38, 0)) as revenue_micros,
        case when charged_event = 'click' and amount_micros > 0 then 1 else 0 end as click_charges
    from charges

),

per_impression as (

    select
        requested_on,
        impression_id,
        {%- for column in journey_columns() | reject('equalto', 'requested_on') %}
        any_value({{ column }}) as {{ column }},
        {%- endfor %}
        cast(sum(clicks) as bigint) as clicks,
        cast(sum(invalid_clicks) as bigint) as invalid_clicks,
        cast(sum(repeated_clicks) as bigint) as repeated_clicks,
        cast(sum(actions) as bigint) as actions,
        cast(sum(action_value_micros) as decimal(38, 0)) as action_value_micros,
        cast(sum(revenue_micros) as decimal(38, 0)) as revenue_micros,
        cast(sum(click_charges) as bigint) as click_charges
    from responses
    group by requested_on, impression_id

),

joined as (

    select
        per_impression.*,
        requests.user_id,
        requests.{{ var('dimensions') | join(',\n        requests.') }}
    from per_impression
    inner join requests
        on
            per_impression.requested_on = requests.requested_on
            and per_impression.request_id = requests.request_id

)

select * from joined
