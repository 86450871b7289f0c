-- Grain: one row per day and slice with a known user's click or conversion, or a charge, a slice
-- being the whole day, one value of one reporting dimension, or what the marts of search and of the
-- local surfaces show. Not additive: distinct users and advertisers, exact because they are counted
-- at this very grain.
{{ config(meta={'day': 'requested_on'}) }}

with click_users as (

    select * from {{ ref('agg_click_users_daily') }}

),

acting_users as (

    select * from {{ ref('agg_acting_users_daily') }}

),

advertisers as (

    select * from {{ ref('agg_active_advertisers_daily') }}

),

-- Who converts has clicked.
users as (

    select
        click_users.*,
        {{- zero_where_absent('acting_users', ['acting_users']) | indent(4) }}
    from click_users
    left join acting_users
        on
            click_users.requested_on = acting_users.requested_on
            and click_users.dimension = acting_users.dimension
            and click_users.dimension_value = acting_users.dimension_value

),

joined as (

    select
        coalesce(users.requested_on, advertisers.requested_on) as requested_on,
        coalesce(users.dimension, advertisers.dimension) as dimension,
        coalesce(users.dimension_value, advertisers.dimension_value) as dimension_value,
        {{- zero_where_absent('users', [
            'clicking_users', 'ad_clicking_users', 'detail_view_users', 'acting_users',
        ]) | indent(4) }},
        coalesce(advertisers.active_advertisers, 0) as active_advertisers
    from users
    full outer join advertisers
        on
            users.requested_on = advertisers.requested_on
            and users.dimension = advertisers.dimension
            and users.dimension_value = advertisers.dimension_value

)

select * from joined
