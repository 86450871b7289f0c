-- Grain: one row per ledger line, under the day and the dimensions of the request that led to it.
select
    requests.requested_on as requested_on,
    requests.surface as surface,
    requests.entry_point as entry_point,
    requests.app_id as app_id,
    requests.region_code as region_code,
    requests.country_code as country_code,
    requests.device_type as device_type,
    requests.user_type as user_type,
    lines.advertiser_id as advertiser_id,
    lines.currency as currency,
    lines.charged_on as charged_on,
    lines.amount_micros as amount_micros,
    lines.revenue_micros as revenue_micros
from lines
inner join responses on lines.impression_id = responses.impression_id
inner join requests on responses.request_id = requests.request_id
