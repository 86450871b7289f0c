-- Grain: one row per conversion, with the click that led to it.
select
    actions.action_id,
    clicks.impression_id,
    clicks.click_role,
    {{ converted('actions.action_value_micros', 'actions.currency', 'rates.rate') }}
        as value_micros
from ({{ latest('actions', 'action_id') }}) as actions
left join rates
    on actions.currency = rates.currency and {{ day('actions.acted_at') }} = rates.rate_date
left join clicks on actions.click_id = clicks.click_id
