-- Grain: one row per request, its latest delivery.
select
    request_id,
    {{ day('requested_at') }} as requested_on,
    user_id,
    surface,
    entry_point,
    coalesce(app_id, '(unknown)') as app_id,
    coalesce(region_code, '(unknown)') as region_code,
    coalesce(country_code, '(unknown)') as country_code,
    device_type,
    case when user_id is null then 'anonymous' else 'known' end as user_type,
    results_returned,
    commercial_results_returned
from ({{ latest('requests', 'request_id') }}) as delivered
