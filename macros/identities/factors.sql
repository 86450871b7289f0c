{#- A declared factor in full: {name, scale, divide}. `name` is a column or a declared metric, none for
    a constant. -#}
{% macro factor_of(declared) %}
    {% if declared is mapping %}
        {{ return({
            'name': declared.get('metric'),
            'scale': declared.get('constant', declared.get('scale', 1)),
            'divide': declared.get('divide', false),
        }) }}
    {% endif %}
    {{ return({'name': declared, 'scale': 1, 'divide': false}) }}
{% endmacro %}


{#- Names of an identity's factors, without its constants. -#}
{% macro named_factors(declared) %}
    {% set names = [] %}
    {% for quantity in declared.factors if factor_of(quantity).name is not none %}
        {% do names.append(factor_of(quantity).name) %}
    {% endfor %}
    {{ return(names) }}
{% endmacro %}


{#- What an identity's result and factors are sums of. -#}
{% macro quantities_of(declared) %}
    {% set names = [] %}
    {% for name in [declared.result] + named_factors(declared) %}
        {% do names.extend(components_of(name)) %}
    {% endfor %}
    {{ return(names | unique | list) }}
{% endmacro %}


{#- Those of them that are distinct counts, which no sum over days gives. -#}
{% macro distinct_quantities_of(declared) %}
    {{ return(quantities_of(declared) | select('in', distinct_counts()) | list) }}
{% endmacro %}


{#- Names of the identities declared over a subject (funnel or finance). -#}
{% macro identities_over(subject) %}
    {% set names = [] %}
    {% for name, declared in var('identities').items() %}
        {% if declared.get('over', 'funnel') == subject %}
            {% do names.append(name) %}
        {% endif %}
    {% endfor %}
    {{ return(names) }}
{% endmacro %}


{#- The value of a factor or result in a slice, as a double: the column that the marts show where there
    is one, else the declared formula over the slice's components. -#}
{% macro quantity_value(name) -%}
    {%- set declared = var('metrics').get(name) -%}
    {%- if declared and not declared.get('served', true) -%}
        ({{ metric(name) }})
    {%- elif declared or name in served_components() + distinct_counts() -%}
        cast({{ name }} as double)
    {%- else -%}
        {{ exceptions.raise_compiler_error(
            'An identity names "' ~ name ~ '", which is neither a component nor a declared metric. '
            ~ 'Declare it under `metrics` in dbt_project.yml (with `served: false` where no mart '
            ~ 'shows it), or use one of ' ~ (served_components() + distinct_counts()) | join(', ')
            ~ ', ' ~ var('metrics').keys() | join(', ') ~ '.'
        ) }}
    {%- endif -%}
{%- endmacro %}


{#- The product of an identity's factors. `replaced` gives other expressions for factors by name: the
    second entry of what two systems record. NULL as soon as one factor is. -#}
{% macro product_of(identity, replaced={}) -%}
    {%- for declared in var('identities')[identity].factors -%}
        {%- set factor = factor_of(declared) -%}
        {{ ' * ' if not loop.first }}
        {%- if factor.name is none -%}
            cast({{ factor.scale }} as double)
        {%- else -%}
            {%- set value = replaced.get(factor.name, quantity_value(factor.name)) -%}
            {{ 'cast(' ~ factor.scale ~ ' as double) * ' if factor.scale != 1 -}}
            {{ '(1 / nullif(' ~ value ~ ', 0))' if factor.divide else value }}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}


{#- Why an identity is undefined in a slice: each factor that has no value, and the denominator that is
    0. NULL where every factor has one. -#}
{% macro undefined_reason(identity) -%}
    nullif(
        concat_ws(
            '; ',
            {%- for declared in var('identities')[identity].factors %}
            {%- set factor = factor_of(declared) %}
            {%- set metric_declared = var('metrics').get(factor.name) %}
            {%- set value = quantity_value(factor.name) if factor.name is not none else '0' %}
            case
                {%- if metric_declared %}
                when {{ value }} is null
                    then '{{ factor.name }} is undefined: {{ metric_declared.denominator }} is 0'
                {%- else %}
                when {{ value }} is null then '{{ factor.name }} is unknown'
                {%- endif %}
                {%- if factor.divide %}
                when {{ value }} = 0 then '{{ factor.name }} divides and is 0'
                {%- endif %}
            end{{ ',' if not loop.last }}
            {%- endfor %}
        ),
        ''
    )
{%- endmacro %}


{#- Names of an identity's factors that a double entry covers. -#}
{% macro covered_factors(identity, entry) %}
    {% set names = [] %}
    {% for declared in var('identities')[identity].factors %}
        {% set name = factor_of(declared).name %}
        {% if name in var('double_entries')[entry].factors | default([]) %}
            {% do names.append(name) %}
        {% endif %}
    {% endfor %}
    {{ return(names) }}
{% endmacro %}
