{#- A ratio of sums, as a double: NULL where there is nothing to divide by. -#}
{% macro ratio(numerator, denominator, scale=1) -%}
    {%- if scale != 1 %}{{ scale }} * {% endif -%}
    cast({{ numerator }} as double) / nullif(cast({{ denominator }} as double), 0)
{%- endmacro %}


{#- A declared metric (variable `metrics`) over columns that hold its components, whose names end in `suffix`. -#}
{% macro metric(name, suffix='') -%}
    {%- set declared = var('metrics').get(name) -%}
    {%- if not declared -%}
        {{ exceptions.raise_compiler_error(
            'No metric "' ~ name ~ '" is declared. Declare it under `metrics` in dbt_project.yml, or '
            ~ 'use one of ' ~ var('metrics').keys() | join(', ') ~ '.'
        ) }}
    {%- endif -%}
    {%- set numerator = declared.numerator ~ suffix -%}
    {%- if declared.minus -%}
        {%- set numerator = numerator ~ ' - ' ~ declared.minus ~ suffix -%}
    {%- endif -%}
    {{ ratio(numerator, declared.denominator ~ suffix, declared.get('scale', 1)) }}
{%- endmacro %}


{#- The components that a metric is made of, its denominator last; of anything else, itself. -#}
{% macro components_of(name) %}
    {% set declared = var('metrics').get(name) %}
    {% if not declared %}
        {{ return([name]) }}
    {% endif %}
    {% set less = [declared.minus] if declared.minus else [] %}
    {{ return([declared.numerator] + less + [declared.denominator]) }}
{% endmacro %}


{#- Several declared metrics, each under its own name. -#}
{% macro metric_columns(names) -%}
    {%- for name in names %}
    {{ metric(name) }} as {{ name }}{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}


{#- Names of the metrics that the marts over a subject (funnel or finance) show as columns. -#}
{% macro served_metrics(over='funnel') %}
    {% set names = [] %}
    {% for name, declared in var('metrics').items() %}
        {% if declared.get('over', 'funnel') == over and declared.get('served', true) %}
            {% do names.append(name) %}
        {% endif %}
    {% endfor %}
    {{ return(names) }}
{% endmacro %}
