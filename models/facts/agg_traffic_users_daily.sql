-- Grain: one row per day and slice, a slice being the whole day or one value of one reporting
-- dimension, in which a known user asked. Not additive: distinct users, exact because they are
-- counted at this very grain.
{{ config(
    materialized='by_day',
    meta={'day': 'requested_on', 'follows': {'fct_traffic': 'requested_on'}},
) }}

with traffic as (

    select *
    from {{ ref('fct_traffic') }}
    where {{ in_batch('requested_on') }} and user_id is not null

),

-- A user asks several times a day, mostly under the same dimensions: fewer rows to tell apart.
users as (

    select
        requested_on,
        {{ var('dimensions') | join(',\n        ') }},
        user_id,
        max(ad_impressions) as ad_impressions
    from traffic
    group by requested_on, {{ var('dimensions') | join(', ') }}, user_id

),

counted as (

    {{ distinct_users_by_slice('users', {
        'users': 'count(*)',
        'ad_users': 'max(ad_impressions)',
    }) | indent(4) }}

)

select * from counted
