-- Grain: one row per accepted impression that was clicked, or charged for itself or for a click,
-- with what came of it so. Additive: every count and amount.
-- Clicks and what they cost are known within days; conversions and refunds, in fct_late_responses,
-- go on for weeks. Kept apart, a late one leaves these rows, by far the most, as they are.
{{ config(
    materialized='by_day',
    meta={
        'day': 'requested_on',
        'follows': {
            'int_events__requests_judged': "case when outcome = 'accepted' then event_on end",
            'int_events__clicks_judged': 'requested_on',
            'int_events__event_charges_judged':
                "case when charged_event <> 'action' then requested_on end",
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

charges as (

    select *
    from {{ ref('int_events__event_charges_judged') }}
    where outcome = 'accepted' and charged_event <> 'action' and {{ in_batch('requested_on') }}

),

responses as (

    select
        impression_id,
        {{ journey_columns() | join(',\n        ') }},
        case when click_role = 'valid' then click_id end as valid_click_id,
        case when click_role = 'valid' then 1 else 0 end as clicks,
        case when click_role = 'invalid' then 1 else 0 end as invalid_clicks,
        case when click_role = 'repeated' then 1 else 0 end as repeated_clicks,
        cast(0 as decimal(38, 0)) as revenue_micros,
        0 as click_charges
    from clicks

    union all

    select
        impression_id,
        {{ journey_columns() | join(',\n        ') }},
        cast(null as string) as valid_click_id,
        0 as clicks,
        0 as invalid_clicks,
        0 as repeated_clicks,
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
        max(valid_click_id) as valid_click_id,
        cast(sum(clicks) as bigint) as clicks,
        cast(sum(invalid_clicks) as bigint) as invalid_clicks,
        cast(sum(repeated_clicks) as bigint) as repeated_clicks,
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
