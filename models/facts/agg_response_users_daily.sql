-- Grain: one row per day and slice with a known user's click or conversion, or a charge, a slice
-- being the whole day or one value of one reporting dimension. Not additive: distinct users and
-- advertisers, exact because they are counted at this very grain.
-- (noqa: the linter's grammar of this dialect does not know grouping sets.)
{{ config(
    materialized='by_day',
    meta={
        'day': 'requested_on',
        'follows': {
            'fct_responses': 'requested_on',
            'int_events__event_charges_judged': 'requested_on',
            'int_events__adjustments_judged': 'requested_on',
        },
    },
) }}

with responses as (

    select *
    from {{ ref('fct_responses') }}
    where {{ in_batch('requested_on') }} and user_id is not null

),

charges as (

    select *
    from {{ ref('fct_charges') }}
    where {{ in_batch('requested_on') }}

),

users as (

    select
        requested_on,
        {{ var('dimensions') | join(',\n        ') }},
        user_id,
        sum(clicks) as clicks,
        sum(clicks) filter (where is_commercial) as ad_clicks,
        sum(clicks + repeated_clicks) as detail_views,
        sum(actions) as actions
    from responses
    group by requested_on, {{ var('dimensions') | join(', ') }}, user_id

),

counted_users as (

    {{ distinct_users_by_slice('users', {
        'clicking_users': 'sum(clicks)',
        'ad_clicking_users': 'sum(ad_clicks)',
        'detail_view_users': 'sum(detail_views)',
        'acting_users': 'sum(actions)',
    }) | indent(4) }}

),

advertisers as (

    select distinct
        requested_on,
        {{ var('dimensions') | join(',\n        ') }},
        advertiser_id
    from charges

),

counted_advertisers as (

    select
        {{ daily_slice_columns() | indent(8) }},
        count(distinct advertiser_id) as active_advertisers
    from advertisers
    group by {{ daily_slice_sets() | indent(4) }} -- noqa: PRS

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
    from counted_users as users
    full outer join counted_advertisers as advertisers
        on
            users.requested_on = advertisers.requested_on
            and users.dimension = advertisers.dimension
            and users.dimension_value = advertisers.dimension_value

)

select * from joined
