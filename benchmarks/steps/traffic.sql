-- Grain: one row per request, with the results that it showed.
select
    requests.*,
    coalesce(shown.impressions, 0) as impressions,
    coalesce(shown.ad_impressions, 0) as ad_impressions
from requests
left join (
    select
        request_id as shown_for,
        count(*) as impressions,
        count(*) filter (where is_commercial) as ad_impressions
    from impressions
    group by request_id
) as shown on requests.request_id = shown.shown_for
