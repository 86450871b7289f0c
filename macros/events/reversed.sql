{#- An event that seems older than its parent by more than clocks differ. -#}
{% macro reversed(child_at, parent_at) -%}
    {{ child_at }} < {{ parent_at }} - interval '{{ var("time_reversal_tolerance_seconds") }}' second
{%- endmacro %}
