-- Grain: one row per day and slice with a known user's early response, a slice being the whole day,
-- one value of one reporting dimension, or what the marts of search and of the local surfaces show.
-- Not additive: distinct users, exact because they are counted at this very grain.
{{ config(
    materialized='by_day',
    meta={'day': 'requested_on', 'follows': {'fct_early_responses': 'requested_on'}},
) }}

with responses as (

    select *
    from {{ ref('fct_early_responses') }}
    where {{ in_batch('requested_on') }} and user_id is not null

),

users as (

    select
        requested_on,
        {{ var('dimensions') | join(',\n        ') }},
        user_id,
        sum(clicks) as clicks,
        sum(clicks) filter (where is_commercial) as ad_clicks,
        sum(clicks + repeated_clicks) as detail_views
    from responses
    group by requested_on, {{ var('dimensions') | join(', ') }}, user_id

),

counted as (

    {{ distinct_users_by_slice('users', {
        'clicking_users': 'sum(clicks)',
        'ad_clicking_users': 'sum(ad_clicks)',
        'detail_view_users': 'sum(detail_views)',
    }) | indent(4) }}

)

select * from counted
