-- No accepted ledger line charges a click that anti-fraud flagged, an action that such a click
-- led to, or takes back or adds to a line that does.
with flagged_clicks as (

    select click_id
    from {{ of_tested_days(ref('int_events__clicks_accepted'), 'requested_on') }}
    where is_invalid

),

flagged_actions as (

    select actions.action_id
    from {{ of_tested_days(ref('int_events__actions_accepted'), 'requested_on') }} as actions
    inner join flagged_clicks on actions.click_id = flagged_clicks.click_id

),

flagged as (

    select
        'click' as charged_event,
        click_id as event_id
    from flagged_clicks
    union all
    select
        'action' as charged_event,
        action_id as event_id
    from flagged_actions

),

charges as (

    select
        corrections.charge_id,
        coalesce(originals.charged_event, corrections.charged_event) as charged_event,
        coalesce(originals.event_id, corrections.event_id) as event_id
    from {{ of_tested_days(ref('fct_charges'), 'requested_on') }} as corrections
    left join {{ of_tested_days(ref('fct_charges'), 'requested_on') }} as originals
        on
            corrections.original_charge_id = originals.charge_id
            and corrections.charged_event = 'adjustment'

)

select charges.*
from charges
inner join flagged
    on
        charges.charged_event = flagged.charged_event
        and charges.event_id = flagged.event_id
