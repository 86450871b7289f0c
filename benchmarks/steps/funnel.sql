-- Grain: one row per request, with all that came of it.
select
    traffic.*,
    coalesce(answered.clicks, 0) as clicks,
    coalesce(answered.ad_clicks, 0) as ad_clicks,
    coalesce(answered.invalid_clicks, 0) as invalid_clicks,
    coalesce(answered.repeated_clicks, 0) as repeated_clicks,
    coalesce(answered.actions, 0) as actions,
    coalesce(answered.ad_actions, 0) as ad_actions,
    coalesce(answered.action_value_micros, 0) as action_value_micros,
    coalesce(answered.revenue_micros, 0) as revenue_micros
from traffic
left join (
    select
        request_id as answered_for,
        sum(clicks) as clicks,
        sum(clicks) filter (where is_commercial) as ad_clicks,
        sum(invalid_clicks) as invalid_clicks,
        sum(repeated_clicks) as repeated_clicks,
        sum(actions) as actions,
        sum(actions) filter (where is_commercial) as ad_actions,
        sum(action_value_micros) filter (where is_commercial) as action_value_micros,
        sum(revenue_micros) as revenue_micros
    from responses
    group by request_id
) as answered on traffic.request_id = answered.answered_for
