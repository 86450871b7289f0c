{#- Slices of a day: the whole, and each value of each reporting dimension, in one pass. -#}

{#- The grouping sets, for `group by`. -#}
{% macro daily_slice_sets() -%}
    grouping sets (
        (requested_on)
        {%- for dimension in var('dimensions') %},
        (requested_on, {{ dimension }})
        {%- endfor %}
    )
{%- endmacro %}

{#- Which slice a grouped row is: dimension and value, '(all)' for the whole day. -#}
{% macro daily_slice_columns() -%}
    requested_on,
    case
        {%- for dimension in var('dimensions') %}
        when grouping({{ dimension }}) = 0 then '{{ dimension }}'
        {%- endfor %}
        else '(all)'
    end as dimension,
    case
        {%- for dimension in var('dimensions') %}
        when grouping({{ dimension }}) = 0 then {{ dimension }}
        {%- endfor %}
        else '(all)'
    end as dimension_value
{%- endmacro %}
