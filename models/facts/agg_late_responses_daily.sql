-- Grain: one row per day and combination of the reporting dimensions with a conversion, a charge
-- for one or an adjustment. Additive: every count and amount.
{{ config(
    materialized='by_day',
    meta={'day': 'requested_on', 'follows': {'fct_late_responses': 'requested_on'}},
) }}

with responses as (

    select *
    from {{ ref('fct_late_responses') }}
    where {{ in_batch('requested_on') }}

),

per_request as (

    select
        requested_on,
        request_id,
        {%- for column in var('dimensions') %}
        any_value({{ column }}) as {{ column }},
        {%- endfor %}
        {{- response_sums(
            late_response_counts() + ['action_value_micros', 'revenue_micros']
        ) | indent(4) }}
    from responses
    group by requested_on, request_id

),

aggregated as (

    select
        requested_on,
        {{ var('dimensions') | join(',\n        ') }},
        {{- counts_of(response_components(late_response_counts())) | indent(4) }},
        {{- sums_of_money() | indent(4) }}
    from per_request
    group by requested_on, {{ var('dimensions') | join(', ') }}

)

select * from aggregated
