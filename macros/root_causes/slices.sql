{#- Slices of up to so many dimensions at once, over any relation of leaves. -#}


{#- Lists of dimensions: each alone, then each two, then each three, as far as `layers` says. -#}
{% macro dimension_sets(dimensions, layers) %}
    {% set found = [] %}
    {% for first in dimensions %}
        {% do found.append([first]) %}
    {% endfor %}
    {% if layers >= 2 %}
        {% for first in dimensions %}
            {% for second in dimensions[loop.index:] %}
                {% do found.append([first, second]) %}
            {% endfor %}
        {% endfor %}
    {% endif %}
    {% if layers >= 3 %}
        {% for first in dimensions %}
            {% set rest = dimensions[loop.index:] %}
            {% for second in rest %}
                {% for third in rest[loop.index:] %}
                    {% do found.append([first, second, third]) %}
                {% endfor %}
            {% endfor %}
        {% endfor %}
    {% endif %}
    {{ return(found) }}
{% endmacro %}

{#- The grouping sets of these lists, each with the keys, and of the keys alone where that is asked for. -#}
{% macro slice_sets(keys, dimensions, layers, with_all=false) -%}
    grouping sets (
        {%- if with_all %}
        ({{ keys | join(', ') }}),
        {%- endif %}
        {%- for names in dimension_sets(dimensions, layers) %}
        ({{ (keys + names) | join(', ') }}){{ ',' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}

{#- Which slice a grouped row is: each dimension, NULL where it may be anything, and how many are named. -#}
{% macro slice_columns(dimensions) -%}
    {%- for dimension in dimensions %}
    case when grouping({{ dimension }}) = 0 then {{ dimension }} end as {{ dimension }},
    {%- endfor %}
    {% for dimension in dimensions %}{{ ' + ' if not loop.first }}(1 - grouping({{ dimension }})){% endfor %} as layer
{%- endmacro %}

{#- The condition that a leaf is of a slice. -#}
{% macro is_of_slice(leaf, slice, keys, dimensions) -%}
    {%- for key in keys %}
    {{ leaf }}.{{ key }} = {{ slice }}.{{ key }} and
    {%- endfor %}
    {%- for dimension in dimensions %}
    ({{ slice }}.{{ dimension }} is null or {{ slice }}.{{ dimension }} = {{ leaf }}.{{ dimension }})
    {{- ' and' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{#- A slice in words, as `tributary simulate --plant` takes them: surface:search; device_type:phone. -#}
{% macro slice_in_words(dimensions) -%}
    concat_ws(
        '; '
        {%- for dimension in dimensions -%}
        , case when {{ dimension }} is not null then '{{ dimension }}:' || {{ dimension }} end
        {%- endfor -%}
    )
{%- endmacro %}
