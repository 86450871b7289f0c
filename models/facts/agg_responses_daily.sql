-- Grain: one row per day and combination of the reporting dimensions with a click, conversion or
-- charge. Additive: every count and amount.
{{ config(meta={'day': 'requested_on'}) }}

with early_responses as (

    select * from {{ ref('agg_early_responses_daily') }}

),

late_responses as (

    select * from {{ ref('agg_late_responses_daily') }}

),

joined as (

    select
        early_responses.requested_on,
        early_responses.{{ var('dimensions') | join(',\n        early_responses.') }},
        early_responses.{{ response_components(early_response_counts()) | join(
            ',\n        early_responses.') }},
        {{- zero_where_absent('late_responses', late_response_counts(), 'bigint') | indent(4) }},
        {{- zero_where_absent('late_responses', ['action_value_micros'], 'decimal(38, 0)')
            | indent(4) }},
        cast(
            early_responses.revenue_micros + coalesce(late_responses.revenue_micros, 0)
            as decimal(38, 0)
        ) as revenue_micros
    from early_responses
    left join late_responses
        on
            early_responses.requested_on = late_responses.requested_on
            {%- for column in var('dimensions') %}
            and early_responses.{{ column }} is not distinct from late_responses.{{ column }}
            {%- endfor %}

)

select * from joined
