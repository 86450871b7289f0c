{#- The day of the reporting time zone on which a UTC moment falls. -#}
{% macro reporting_day(moment) -%}
    {{ return(adapter.dispatch('reporting_day', 'tributary')(moment)) }}
{%- endmacro %}

{% macro default__reporting_day(moment) -%}
    cast(timezone('{{ var("reporting_time_zone") }}', timezone('UTC', {{ moment }})) as date)
{%- endmacro %}


{#- Whole days from one date to another. -#}
{% macro days_between(first_day, last_day) -%}
    cast({{ last_day }} - {{ first_day }} as bigint)
{%- endmacro %}


{#- The first day of a date's month. -#}
{% macro month_of(day) -%}
    cast(date_trunc('month', {{ day }}) as date)
{%- endmacro %}


{#- A moment, down to its minute: no time zone shifts by less. -#}
{% macro minute_of(moment) -%}
    cast(date_trunc('minute', {{ moment }}) as timestamp)
{%- endmacro %}
