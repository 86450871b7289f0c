-- Grain: one row per day and slice, a slice being the whole day or one value of one reporting
-- dimension. Additive across the values of one dimension: every count and amount. Not additive: the
-- distinct counts, which are exact here because each is taken from the events at this very grain.
-- (noqa: the linter's grammar of this dialect does not know grouping sets.)
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
    where {{ in_batch('requested_on') }}

),

traffic_users as (

    select *
    from {{ ref('agg_traffic_users_daily') }}
    where {{ in_batch('requested_on') }}

),

response_users as (

    select *
    from {{ ref('agg_response_users_daily') }}
    where {{ in_batch('requested_on') }}

),

components as (

    select
        {{ daily_slice_columns() | indent(8) }},
        {{- component_rollups() | indent(4) }}
    from funnel
    group by {{ daily_slice_sets() | indent(4) }} -- noqa: PRS

),

joined as (

    select
        components.*,
        {{- zero_where_absent('traffic_users', ['users', 'ad_users']) | indent(4) }},
        {{- zero_where_absent('response_users', [
            'clicking_users', 'ad_clicking_users', 'detail_view_users', 'acting_users',
            'active_advertisers',
        ]) | indent(4) }}
    from components
    left join traffic_users
        on
            components.requested_on = traffic_users.requested_on
            and components.dimension = traffic_users.dimension
            and components.dimension_value = traffic_users.dimension_value
    left join response_users
        on
            components.requested_on = response_users.requested_on
            and components.dimension = response_users.dimension
            and components.dimension_value = response_users.dimension_value

)

select * from joined
