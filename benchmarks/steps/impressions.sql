-- Grain: one row per impression, its latest delivery.
select
    impression_id,
    request_id,
    is_commercial,
    advertiser_id,
    pricing_model
from ({{ latest('impressions', 'impression_id') }}) as delivered
