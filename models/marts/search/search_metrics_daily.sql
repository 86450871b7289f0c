-- Grain: one row per day, search surface and device type, and one per day and surface for all
-- devices:
-- device_type '(all)'. Additive over device types and days: every count and amount.
-- Not additive: users, active_advertisers and every ratio.
{{ config(
    materialized='by_day',
    meta={
        'day': 'requested_on',
        'follows': {
            'fct_traffic': 'requested_on',
            'fct_responses': 'requested_on',
            'int_events__event_charges_judged': 'requested_on',
            'int_events__adjustments_judged': 'requested_on',
        },
    },
) }}

with requests as (

    select *
    from {{ ref('fct_requests') }}
    where
        {{ in_batch('requested_on') }}
        and surface in ('{{ var("search_surfaces") | join("', '") }}')

),

charges as (

    select *
    from {{ ref('fct_charges') }}
    where
        {{ in_batch('requested_on') }}
        and surface in ('{{ var("search_surfaces") | join("', '") }}')

),

components as (

    select
        requested_on,
        surface,
        case when grouping(device_type) = 0 then device_type else '(all)' end as device_type,
        {{- component_sums() | indent(4) }},
        count(distinct user_id) as users
    from requests
    group by requested_on, surface, rollup(device_type)

),

advertisers as (

    select
        requested_on,
        surface,
        case when grouping(device_type) = 0 then device_type else '(all)' end as device_type,
        count(distinct advertiser_id) as active_advertisers
    from charges
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
        {{ micros_to_units('components.action_value_micros') }} as action_value,
        {{ micros_to_units('components.revenue_micros') }} as revenue,
        components.users,
        coalesce(advertisers.active_advertisers, 0) as active_advertisers
    from components
    left join advertisers
        on
            components.requested_on = advertisers.requested_on
            and components.surface = advertisers.surface
            and components.device_type = advertisers.device_type

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
