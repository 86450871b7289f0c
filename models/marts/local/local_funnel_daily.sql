-- Grain: one row per day and region of the local surfaces, and one per day for all regions:
-- region_code '(all)'. Additive over regions and days: every count and amount.
-- Not additive: every count of users and every ratio.
-- Stage 1 retrieval and recall, stage 2 clicks, stage 3 utility.
{{ config(
    materialized='by_day',
    meta={
        'day': 'requested_on',
        'follows': {
            'agg_traffic_daily': 'requested_on',
            'agg_traffic_users_daily': 'requested_on',
            'agg_early_responses_daily': 'requested_on',
            'agg_late_responses_daily': 'requested_on',
            'agg_click_users_daily': 'requested_on',
            'agg_acting_users_daily': 'requested_on',
            'agg_active_advertisers_daily': 'requested_on',
        },
    },
) }}

with funnel as (

    select *
    from {{ ref('agg_funnel_daily') }}
    where {{ in_batch('requested_on') }} and {{ surface_among('local_surfaces') }}

),

traffic_users as (

    select *
    from {{ ref('agg_traffic_users_daily') }}
    where {{ in_batch('requested_on') }} and dimension in ('(local)', '(local regions)')

),

response_users as (

    select *
    from {{ ref('agg_response_users_daily') }}
    where {{ in_batch('requested_on') }} and dimension in ('(local)', '(local regions)')

),

components as (

    select
        requested_on,
        case when grouping(region_code) = 0 then region_code else '(all)' end as region_code,
        case when grouping(region_code) = 0 then '(local regions)' else '(local)' end as dimension,
        {{- component_rollups() | indent(4) }}
    from funnel
    group by requested_on, rollup(region_code)

),

with_users as (

    select
        components.*,
        {{- zero_where_absent('traffic_users', ['users', 'ad_users']) | indent(4) }},
        {{- zero_where_absent('response_users', [
            'clicking_users', 'ad_clicking_users', 'detail_view_users', 'acting_users',
        ]) | indent(4) }}
    from components
    left join traffic_users
        on
            components.requested_on = traffic_users.requested_on
            and components.dimension = traffic_users.dimension
            and components.region_code = traffic_users.dimension_value
    left join response_users
        on
            components.requested_on = response_users.requested_on
            and components.dimension = response_users.dimension
            and components.region_code = response_users.dimension_value

),

staged as (

    select
        requested_on,
        region_code,
        requests,
        users,
        results_returned,
        ad_requests,
        ad_users,
        ad_impressions,
        {{- metric_columns([
            'requests_per_user', 'results_per_request', 'pvr', 'ad_user_share', 'easn',
        ]) | indent(4) }},
        clicks,
        clicked_requests,
        clicking_users,
        ad_clicks,
        ad_clicked_requests,
        ad_clicking_users,
        {{- metric_columns(['click_rate_per_request', 'ctr1', 'ctr2', 'ctr3']) | indent(4) }},
        detail_views,
        detail_view_users,
        actions,
        acting_users,
        ad_actions,
        revenue,
        {{- metric_columns(['action_rate', 'atr2', 'aap']) | indent(4) }}
    from with_users

)

select * from staged
