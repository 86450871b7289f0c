-- Grain: one row per day, search surface and device type, and one per day and surface for all
-- devices: device_type '(all)'. Additive over device types and days: every count and amount.
-- Not additive: users, active_advertisers and every ratio.
{{ config(
    materialized='by_day',
    meta={
        'day': 'requested_on',
        'follows': {
            'agg_traffic_daily': 'requested_on',
            'agg_traffic_users_daily': 'requested_on',
            'agg_early_responses_daily': 'requested_on',
            'agg_late_responses_daily': 'requested_on',
            'agg_active_advertisers_daily': 'requested_on',
        },
    },
) }}

with funnel as (

    select *
    from {{ ref('agg_funnel_daily') }}
    where {{ in_batch('requested_on') }} and {{ surface_among('search_surfaces') }}

),

traffic_users as (

    select *
    from {{ ref('agg_traffic_users_daily') }}
    where {{ in_batch('requested_on') }} and dimension in ('surface', '(search devices)')

),

advertisers as (

    select *
    from {{ ref('agg_active_advertisers_daily') }}
    where {{ in_batch('requested_on') }} and dimension in ('surface', '(search devices)')

),

components as (

    select
        requested_on,
        surface,
        case when grouping(device_type) = 0 then device_type else '(all)' end as device_type,
        case when grouping(device_type) = 0 then '(search devices)' else 'surface' end as dimension,
        case
            when grouping(device_type) = 0 then {{ device_of_surface() }}
            else surface
        end as dimension_value,
        {{- component_rollups() | indent(4) }}
    from funnel
    group by requested_on, surface, rollup(device_type)

),

joined as (

    select
        components.requested_on,
        components.surface,
        components.device_type,
        components.requests,
        components.ad_requests,
        components.ad_impressions,
        components.ad_clicks,
        components.ad_actions,
        components.action_value,
        components.revenue,
        coalesce(traffic_users.users, 0) as users,
        coalesce(advertisers.active_advertisers, 0) as active_advertisers
    from components
    left join traffic_users
        on
            components.requested_on = traffic_users.requested_on
            and components.dimension = traffic_users.dimension
            and components.dimension_value = traffic_users.dimension_value
    left join advertisers
        on
            components.requested_on = advertisers.requested_on
            and components.dimension = advertisers.dimension
            and components.dimension_value = advertisers.dimension_value

),

rated as (

    select
        *,
        {{- metric_columns([
            'pvr', 'asn', 'ctr1', 'ctr2', 'ctr3', 'acp', 'cpm1', 'cpm2', 'cpm3', 'cpa', 'arpu', 'cvr',
            'roas', 'roi', 'aov',
        ]) | indent(4) }}
    from joined

)

select * from rated
