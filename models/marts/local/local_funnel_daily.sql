-- Grain: one row per day and region of the local surfaces, and one per day for all regions:
-- region_code '(all)'. Additive over regions and days: every count and amount.
-- Not additive: every count of users and every ratio.
-- Stage 1 retrieval and recall, stage 2 clicks, stage 3 utility.
{{ config(
    materialized='by_day',
    meta={
        'day': 'requested_on',
        'follows': {'fct_traffic': 'requested_on', 'fct_responses': 'requested_on'},
    },
) }}

with requests as (

    select *
    from {{ ref('fct_requests') }}
    where
        {{ in_batch('requested_on') }}
        and surface in ('{{ var("local_surfaces") | join("', '") }}')

),

components as (

    select
        requested_on,
        case when grouping(region_code) = 0 then region_code else '(all)' end as region_code,
        {{- component_sums() | indent(4) }},
        {{ distinct_users() | indent(8) }}
    from requests
    group by requested_on, rollup(region_code)

),

in_units as (

    select
        *,
        {{ micros_to_units('revenue_micros') }} as revenue
    from components

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
    from in_units

)

select * from staged
