-- No accepted event is older than its parent by more than clocks may differ: no impression before
-- its request, no click before its impression, no conversion before its click, no charge before
-- what it charges or corrects.
with pairs as (

    select
        'impressions' as event_table,
        impressions.impression_id as event_key,
        impressions.impressed_at as happened_at,
        requests.requested_at as parent_at
    from {{ accepted_of_tested_days('impressions') }} as impressions
    inner join {{ accepted_parents('requests', 'impressions') }} as requests
        on impressions.request_id = requests.request_id
    union all
    select
        'clicks' as event_table,
        clicks.click_id as event_key,
        clicks.clicked_at as happened_at,
        impressions.impressed_at as parent_at
    from {{ accepted_of_tested_days('clicks') }} as clicks
    inner join {{ accepted_parents('impressions', 'clicks') }} as impressions
        on clicks.impression_id = impressions.impression_id
    union all
    select
        'actions' as event_table,
        actions.action_id as event_key,
        actions.acted_at as happened_at,
        clicks.clicked_at as parent_at
    from {{ accepted_of_tested_days('actions') }} as actions
    inner join {{ accepted_parents('clicks', 'actions') }} as clicks
        on actions.click_id = clicks.click_id
    union all
    select
        'charges' as event_table,
        charges.charge_id as event_key,
        charges.charged_at as happened_at,
        coalesce(
            impressions.impressed_at, clicks.clicked_at, actions.acted_at, originals.charged_at
        ) as parent_at
    from {{ accepted_of_tested_days('charges') }} as charges
    left join {{ accepted_parents('impressions', 'charges') }} as impressions
        on charges.event_id = impressions.impression_id and charges.charged_event = 'impression'
    left join {{ accepted_parents('clicks', 'charges') }} as clicks
        on charges.event_id = clicks.click_id and charges.charged_event = 'click'
    left join {{ accepted_parents('actions', 'charges') }} as actions
        on charges.event_id = actions.action_id and charges.charged_event = 'action'
    left join {{ accepted_parents('charges', 'charges') }} as originals
        on
            charges.original_charge_id = originals.charge_id
            and charges.charged_event = 'adjustment'

)

select *
from pairs
where ({{ reversed('happened_at', 'parent_at') }}) is not false
