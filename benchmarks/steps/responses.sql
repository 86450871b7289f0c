-- Grain: one row per impression that was clicked, led to a conversion or was charged.
select
    summed.impression_id as impression_id,
    impressions.request_id as request_id,
    impressions.is_commercial as is_commercial,
    impressions.advertiser_id as impression_advertiser_id,
    summed.clicks as clicks,
    summed.invalid_clicks as invalid_clicks,
    summed.repeated_clicks as repeated_clicks,
    summed.actions as actions,
    summed.action_value_micros as action_value_micros,
    summed.revenue_micros as revenue_micros
from (
    select
        impression_id,
        sum(clicks) as clicks,
        sum(invalid_clicks) as invalid_clicks,
        sum(repeated_clicks) as repeated_clicks,
        sum(actions) as actions,
        sum(action_value_micros) as action_value_micros,
        sum(revenue_micros) as revenue_micros
    from (
        select
            impression_id,
            case when click_role = 'valid' then 1 else 0 end as clicks,
            case when click_role = 'invalid' then 1 else 0 end as invalid_clicks,
            case when click_role = 'repeated' then 1 else 0 end as repeated_clicks,
            0 as actions,
            {{ whole('0') }} as action_value_micros,
            {{ whole('0') }} as revenue_micros
        from clicks
        union all
        select impression_id, 0, 0, 0, 1, value_micros, {{ whole('0') }}
        from actions
        where click_role = 'valid'
        union all
        select impression_id, 0, 0, 0, 0, {{ whole('0') }}, revenue_micros
        from lines
    ) as events
    group by impression_id
) as summed
inner join impressions on summed.impression_id = impressions.impression_id
