{#- The staging model of one event table, for the log format that TRIBUTARY_SOURCE selects: the
    platform's own contract (`events`, the default) or an adapter for another format. -#}
{% macro staged(table) %}
    {{- return(ref(staged_name(table))) -}}
{% endmacro %}


{% macro staged_name(table) %}
    {{- return('stg_' ~ env_var('TRIBUTARY_SOURCE', 'events') ~ '__' ~ table) -}}
{% endmacro %}
