-- Grain: one row per quarter and currency of the platform's statements.
-- Return on equity by five factors. Not additive: assets and equity are means of a quarter.
with statements as (

    select * from {{ ref('fct_finance_statements') }}

),

in_units as (

    select
        quarter_starts_on,
        currency,
        {{ micros_to_units('net_income_micros') }} as net_income,
        {{ micros_to_units('pretax_income_micros') }} as pretax_income,
        {{ micros_to_units('ebit_micros') }} as ebit,
        {{ micros_to_units('sales_micros') }} as sales,
        {{ micros_to_units('assets_micros') }} as assets,
        {{ micros_to_units('equity_micros') }} as equity
    from statements

),

rated as (

    select
        *,
        {{- metric_columns(served_metrics('finance')) | indent(4) }}
    from in_units

)

select * from rated
