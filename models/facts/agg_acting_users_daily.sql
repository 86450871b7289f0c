-- Grain: one row per day and slice with a known user's conversion, charge for one or adjustment, a
-- slice being the whole day, one value of one reporting dimension, or what the mart of the local
-- surfaces shows. Not additive: distinct users, exact because they are counted at this very grain.
{{ config(
    materialized='by_day',
    meta={'day': 'requested_on', 'follows': {'fct_late_responses': 'requested_on'}},
) }}

with responses as (

    select *
    from {{ ref('fct_late_responses') }}
    where {{ in_batch('requested_on') }} and user_id is not null

),

counted as (

    {{ distinct_users_by_slice('responses', {'acting_users': 'sum(actions)'}) | indent(4) }}

)

select * from counted
