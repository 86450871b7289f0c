-- Grain: one row per accepted conversion, with the impression and the role of the click that led to
-- it.
with judged as (

    select * from {{ ref('int_events__actions_judged') }}

),

clicks as (

    select * from {{ ref('int_events__clicks_accepted') }}

),

accepted as (

    select
        judged.action_id,
        judged.click_id,
        clicks.impression_id,
        clicks.clicked_at,
        clicks.click_role,
        judged.user_id,
        judged.advertiser_id,
        judged.acted_at,
        judged.action_type,
        judged.action_value_micros,
        judged.currency,
        judged.action_value_in_reporting_micros,
        clicks.{{ journey_columns() | join(',\n        clicks.') }},
        judged.ingested_at,
        judged.landed_on
    from judged
    left join clicks
        on judged.click_id = clicks.click_id and judged.requested_on = clicks.requested_on
    where judged.outcome = 'accepted'

)

select * from accepted
