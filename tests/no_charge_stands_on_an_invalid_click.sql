-- No accepted ledger line charges a click that anti-fraud flagged, an action that such a click led to,
-- or takes back or adds to a line that does.
with clicks as (

    select click_id
    from {{ ref('int_events__clicks_accepted') }}
    where is_invalid

),

actions as (

    select actions.action_id
    from {{ ref('int_events__actions_accepted') }} as actions
    semi join clicks on actions.click_id = clicks.click_id

),

flagged_events as (

    select
        'click' as charged_event,
        click_id as event_id
    from clicks
    union all
    select
        'action' as charged_event,
        action_id as event_id
    from actions

),

charges as (

    select
        charges.charge_id,
        coalesce(originals.charged_event, charges.charged_event) as charged_event,
        coalesce(originals.event_id, charges.event_id) as event_id
    from {{ ref('fct_charges') }} as charges
    left join {{ ref('fct_charges') }} as originals
        on
            charges.charged_event = 'adjustment'
            and charges.original_charge_id = originals.charge_id

)

select charges.*
from charges
inner join flagged_events
    on
        charges.charged_event = flagged_events.charged_event
        and charges.event_id = flagged_events.event_id
