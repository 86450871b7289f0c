-- Grain: one row per day and combination of the reporting dimensions with a click or a charge for
-- an impression or a click. Additive: every count and amount.
{{ config(
    materialized='by_day',
    meta={'day': 'requested_on', 'follows': {'fct_early_responses': 'requested_on'}},
) }}

with responses as (

    select *
    from {{ ref('fct_early_responses') }}
    where {{ in_batch('requested_on') }}

),

per_request as (

    select
        requested_on,
        request_id,
        {%- for column in var('dimensions') %}
        any_value({{ column }}) as {{ column }},
        {%- endfor %}
        {{- response_sums(early_response_counts() + ['revenue_micros']) | indent(4) }}
    from responses
    group by requested_on, request_id

),

aggregated as (

    select
        requested_on,
        {{ var('dimensions') | join(',\n        ') }},
        {{- counts_of(response_components(early_response_counts())) | indent(4) }},
        {{- sums_of_money(['revenue']) | indent(4) }}
    from per_request
    group by requested_on, {{ var('dimensions') | join(', ') }}

)

select * from aggregated
