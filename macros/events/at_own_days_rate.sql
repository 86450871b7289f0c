{#- Every row of `relation` with its money in the reporting currency, as `converted`: `amount` at the rate of the
    row's own day. NULL where that day has no usable rate. -#}
{% macro at_own_days_rate(relation, amount, moment, converted) -%}
    select
        {{ relation }}.*,
        {{ convert_micros(
            relation ~ '.' ~ amount, rate_of(relation ~ '.currency', 'fx_rates.rate')
        ) }} as {{ converted }}
    from {{ relation }}
    left join {{ ref('int_finance__daily_fx_rates') }} as fx_rates
        on
            {{ relation }}.currency = fx_rates.currency
            and {{ reporting_day(relation ~ '.' ~ moment) }} = fx_rates.rate_date
{%- endmacro %}
