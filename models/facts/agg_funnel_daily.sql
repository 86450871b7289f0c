-- Grain: one row per day and combination of the reporting dimensions. Additive: every count and
-- amount. Distinct counts cannot be added up and are not here: they are taken from fct_requests.
{{ config(meta={'day': 'requested_on'}) }}

with traffic as (

    select * from {{ ref('agg_traffic_daily') }}

),

responses as (

    select * from {{ ref('agg_responses_daily') }}

),

joined as (

    select
        traffic.requested_on,
        traffic.{{ var('dimensions') | join(',\n        traffic.') }},
        traffic.{{ traffic_components().keys() | join(',\n        traffic.') }},
        {{- zero_where_absent('responses', response_components().keys() | list, 'bigint')
            | indent(4) }},
        {{- zero_where_absent(
            'responses', ['action_value_micros', 'revenue_micros'], 'decimal(38, 0)'
        ) | indent(4) }}
    from traffic
    left join responses
        on
            traffic.requested_on = responses.requested_on
            {%- for column in var('dimensions') %}
            and traffic.{{ column }} is not distinct from responses.{{ column }}
            {%- endfor %}

)

select * from joined
