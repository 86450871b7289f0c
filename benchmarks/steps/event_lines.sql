-- Grain: one row per ledger line on an event, with the impression that it goes back to.
select ledger.*, ledger.event_id as impression_id
from ledger
where ledger.charged_event = 'impression'
union all
select ledger.*, clicks.impression_id as impression_id
from ledger
inner join clicks on ledger.event_id = clicks.click_id
where ledger.charged_event = 'click'
union all
select ledger.*, actions.impression_id as impression_id
from ledger
inner join actions on ledger.event_id = actions.action_id
where ledger.charged_event = 'action'
