-- Grain: one row per day and slice, a slice being the whole day or one value of one reporting
-- dimension. Additive across the values of one dimension: every count and amount. Not additive: the
-- distinct counts, which are exact here because each is taken from the events at this very grain.
-- (noqa: the linter's grammar of this dialect does not know grouping sets.)
with funnel as (

    select * from {{ ref('agg_funnel_daily') }}

),

requests as (

    select * from {{ ref('fct_requests') }}

),

charges as (

    select * from {{ ref('fct_charges') }}

),

components as (

    select
        {{ daily_slice_columns() | indent(8) }},
        {{- component_rollups() | indent(4) }}
    from funnel
    group by {{ daily_slice_sets() | indent(4) }} -- noqa: PRS

),

users as (

    select
        {{ daily_slice_columns() | indent(8) }},
        {{ distinct_users() | indent(8) }}
    from requests
    group by {{ daily_slice_sets() | indent(4) }} -- noqa: PRS

),

advertisers as (

    select
        {{ daily_slice_columns() | indent(8) }},
        count(distinct advertiser_id) as active_advertisers
    from charges
    group by {{ daily_slice_sets() | indent(4) }} -- noqa: PRS

),

joined as (

    select
        components.*,
        users.users,
        users.ad_users,
        users.clicking_users,
        users.ad_clicking_users,
        users.detail_view_users,
        users.acting_users,
        coalesce(advertisers.active_advertisers, 0) as active_advertisers
    from components
    inner join users
        on
            components.requested_on = users.requested_on
            and components.dimension = users.dimension
            and components.dimension_value = users.dimension_value
    left join advertisers
        on
            components.requested_on = advertisers.requested_on
            and components.dimension = advertisers.dimension
            and components.dimension_value = advertisers.dimension_value

)

select * from joined
