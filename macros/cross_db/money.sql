{#- An amount in micro-units times an exact rate, rounded half-even to a whole micro-unit. Decimal all
    the way: neither engine may pass through a double here. NULL where the result is too great for an
    integer: one absurd amount is held back, it does not end the build. -#}
{% macro convert_micros(amount_micros, rate) -%}
    {{ return(adapter.dispatch('convert_micros', 'tributary')(amount_micros, rate)) }}
{%- endmacro %}

{% macro default__convert_micros(amount_micros, rate) -%}
    try_cast(round_even(cast({{ amount_micros }} as decimal(19, 0)) * {{ rate }}, 0) as bigint)
{%- endmacro %}

{% macro spark__convert_micros(amount_micros, rate) -%}
    try_cast(bround(cast({{ amount_micros }} as decimal(19, 0)) * {{ rate }}, 0) as bigint)
{%- endmacro %}

{#- A sum of micro-units as an exact amount in units of its currency. -#}
{% macro micros_to_units(micros) -%}
    cast(
        cast({{ micros }} as decimal(31, 0)) * cast(0.000001 as decimal(6, 6)) as decimal(38, 6)
    )
{%- endmacro %}

{#- The rate of a money row: 1 for the reporting currency itself, else its own day's listed rate. -#}
{% macro rate_of(currency, listed_rate) -%}
    case
        when {{ currency }} = '{{ var("reporting_currency") }}' then cast(1 as decimal(18, 8))
        else {{ listed_rate }}
    end
{%- endmacro %}
