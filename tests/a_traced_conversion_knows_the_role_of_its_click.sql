-- A traced conversion is counted by the role of its click, which is looked up by the click and the
-- day of its request: without one it would count nowhere.
with actions as (

    select * from {{ accepted_of_tested_days('actions') }}

),

clicks as (

    select * from {{ accepted_parents('clicks', 'actions') }}

)

select
    actions.action_id,
    actions.click_id,
    actions.requested_on
from actions
left join clicks
    on actions.click_id = clicks.click_id and actions.requested_on = clicks.requested_on
where actions.click_id is not null and clicks.click_id is null
