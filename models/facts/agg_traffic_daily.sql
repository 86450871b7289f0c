-- Grain: one row per day and combination of the reporting dimensions. Additive: every count.
-- What the platform was asked for and showed; what came of it is in agg_responses_daily.
{{ config(
    materialized='by_day',
    meta={'day': 'requested_on', 'follows': {'fct_traffic': 'requested_on'}},
) }}

with traffic as (

    select *
    from {{ ref('fct_traffic') }}
    where {{ in_batch('requested_on') }}

),

aggregated as (

    select
        requested_on,
        {{ var('dimensions') | join(',\n        ') }},
        {{- counts_of(traffic_components()) | indent(4) }}
    from traffic
    group by requested_on, {{ var('dimensions') | join(', ') }}

)

select * from aggregated
