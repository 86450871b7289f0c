{#- The day of the reporting time zone on which a UTC moment falls. -#}
{% macro reporting_day(moment) -%}
    {{ return(adapter.dispatch('reporting_day', 'tributary')(moment)) }}
{%- endmacro %}

{% macro default__reporting_day(moment) -%}
    cast(timezone('{{ var("reporting_time_zone") }}', timezone('UTC', {{ moment }})) as date)
{%- endmacro %}

{% macro spark__reporting_day(moment) -%}
    cast(convert_timezone('UTC', '{{ var("reporting_time_zone") }}', {{ moment }}) as date)
{%- endmacro %}


{#- Every day from the first to the last, each a row. -#}
{% macro each_day(first_day, last_day) -%}
    {{ return(adapter.dispatch('each_day', 'tributary')(first_day, last_day)) }}
{%- endmacro %}

{% macro default__each_day(first_day, last_day) -%}
    cast(unnest(generate_series({{ first_day }}, {{ last_day }}, interval '1 day')) as date)
{%- endmacro %}

{% macro spark__each_day(first_day, last_day) -%}
    explode(sequence({{ first_day }}, {{ last_day }}, interval '1' day))
{%- endmacro %}


{#- The day of the week, 1 for Monday to 7 for Sunday; the first of all these days was a Monday. -#}
{% macro weekday_of(day) -%}
    1 + mod({{ days_between("date '1900-01-01'", day) }}, 7)
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
