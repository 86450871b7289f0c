-- Grain: one row per accepted impression that was clicked, led to a conversion or was charged, with
-- all that came of it. Additive: every count and amount.
{{ config(meta={'day': 'requested_on'}) }}

with early_responses as (

    select * from {{ ref('fct_early_responses') }}

),

late_responses as (

    select * from {{ ref('fct_late_responses') }}

),

joined as (

    select
        early_responses.requested_on,
        early_responses.impression_id,
        early_responses.{{ journey_columns() | reject('equalto', 'requested_on')
            | join(',\n        early_responses.') }},
        early_responses.clicks,
        early_responses.invalid_clicks,
        early_responses.repeated_clicks,
        {{- zero_where_absent('late_responses', ['actions'], 'bigint') | indent(4) }},
        {{- zero_where_absent('late_responses', ['action_value_micros'], 'decimal(38, 0)')
            | indent(4) }},
        cast(
            early_responses.revenue_micros + coalesce(late_responses.revenue_micros, 0)
            as decimal(38, 0)
        ) as revenue_micros,
        early_responses.click_charges,
        early_responses.user_id,
        early_responses.{{ var('dimensions') | join(',\n        early_responses.') }}
    from early_responses
    left join late_responses
        on
            early_responses.requested_on = late_responses.requested_on
            and early_responses.impression_id = late_responses.impression_id

)

select * from joined
