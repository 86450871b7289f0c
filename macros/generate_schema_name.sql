{#- A layer is a schema of that name, on every target: readers find `marts.revenue_daily`, never
    `<user>_marts.revenue_daily`. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
