-- Whose return on investment fell while they spent more?
-- The later half of the days against the earlier half, for advertisers who spent in both. ROI falls
-- through CVR, AOV or ACP (ROAS = CVR · AOV / ACP): `fell_by` names the one that took it down most,
-- and the change of each stands at the end.
with days as (

    select * from {{ ref('advertiser_daily') }}

),

bounds as (

    select
        min(requested_on) as first_day,
        max(requested_on) as last_day
    from days

),

halves as (

    select
        days.advertiser_id,
        days.advertiser_name,
        days.industry,
        {{ days_between('bounds.first_day', 'days.requested_on') }} * 2
        > {{ days_between('bounds.first_day', 'bounds.last_day') }} as is_later,
        sum(days.ad_clicks) as ad_clicks,
        sum(days.ad_actions) as ad_actions,
        sum(days.action_value) as action_value,
        sum(days.revenue) as revenue
    from days
    cross join bounds
    group by days.advertiser_id, days.advertiser_name, days.industry, is_later

),

rated as (

    select
        *,
        {{- metric_columns(['roi', 'cvr', 'aov', 'acp']) | indent(4) }}
    from halves

),

compared as (

    select
        later.advertiser_id,
        earlier.revenue as spend_before,
        later.revenue as spend_after,
        earlier.roi as roi_before,
        later.roi as roi_after,
        later.advertiser_name,
        later.industry,
        later.cvr / nullif(earlier.cvr, 0) - 1 as cvr_change,
        later.aov / nullif(earlier.aov, 0) - 1 as aov_change,
        later.acp / nullif(earlier.acp, 0) - 1 as acp_change
    from rated as later
    inner join rated as earlier on later.advertiser_id = earlier.advertiser_id
    where
        later.is_later
        and not earlier.is_later
        and later.revenue > earlier.revenue
        and later.roi < earlier.roi

),

named as (

    select
        advertiser_id,
        spend_before,
        spend_after,
        roi_before,
        roi_after,
        -- Where nothing was sold in the later half, CVR is what fell, and AOV has no value.
        case
            when cvr_change = -1 then 'cvr'
            when 1 + cvr_change <= least(1 + aov_change, 1 / (1 + acp_change)) then 'cvr'
            when 1 + aov_change <= 1 / (1 + acp_change) then 'aov'
            when acp_change is not null then 'acp'
        end as fell_by,
        advertiser_name,
        industry,
        cvr_change,
        aov_change,
        acp_change
    from compared

)

select * from named
order by roi_before - roi_after desc
