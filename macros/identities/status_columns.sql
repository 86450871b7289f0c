{#- What identity_status says of one identity in one slice, before it is judged; `reason`: why it has no value. -#}
{% macro definition_columns(identity, reason) %}
    {%- set declared = var('identities')[identity] %}
        '{{ identity }}' as identity,
        'definition' as entry,
        cast(null as string) as factor,
        {{ quantity_value(declared.result) }} as result,
        {{ product_of(identity) }} as product,
        {{ reason | indent(8) }} as reason,
        {{ declared.result == 'revenue' }} as is_revenue
{%- endmacro %}


{#- The column that says of each slice why an identity has no value in it. -#}
{% macro reason_column(identity) %}
    {{- return('undefined_in_' ~ identity) -}}
{% endmacro %}


{#- Whether a gap of one quantity is large enough to warn or to fail, over columns only_in_first,
    only_in_second, first_entry and second_entry. -#}
{% macro gap_level_of(quantity) -%}
    {%- set entry = var('double_entries')[quantity] -%}
    case
        {%- for level in ['fail', 'warn'] %}
        when
            {{ entry.only_in_first }} + {{ entry.only_in_second }}
            >= greatest(
                {{ entry[level].units }},
                {{ entry[level].share }} * greatest({{ entry.first }}, {{ entry.second }})
            )
            then '{{ level }}'
        {%- endfor %}
        else 'none'
    end
{%- endmacro %}


{#- The column that says so of each slice. -#}
{% macro gap_column(quantity) %}
    {{- return(quantity ~ '_gap_level') -}}
{% endmacro %}


{#- The quantities of the funnel of which a second system keeps a count. -#}
{% macro quantities_entered_twice() %}
    {% set found = [] %}
    {% for quantity, declared in var('double_entries').items() if declared.factors %}
        {% do found.append(quantity) %}
    {% endfor %}
    {{ return(found) }}
{% endmacro %}


{#- {quantity: factors}: the double entries that bear on an identity, and 'all' of them at once where
    there are several. -#}
{% macro double_entries_of(identity) %}
    {% set found = {} %}
    {% for quantity in var('double_entries') %}
        {% set factors = covered_factors(identity, quantity) %}
        {% if factors %}
            {% do found.update({quantity: factors}) %}
        {% endif %}
    {% endfor %}
    {% if found | length > 1 %}
        {% do found.update({'all': found.values() | sum(start=[])}) %}
    {% endif %}
    {{ return(found) }}
{% endmacro %}


{#- One identity with the factors of one quantity (or of all) taken from the second system. -#}
{% macro double_entry_columns(identity, quantity, factors) %}
    {%- set declared = var('identities')[identity] %}
    {%- set replaced = {} %}
    {%- for name, entry in var('double_entries').items() %}
        {%- for factor in entry.factors | default([]) if factor in factors %}
            {%- do replaced.update({
                factor: '(' ~ ratio(entry.second_numerator, entry.second_denominator) ~ ')'
            }) %}
        {%- endfor %}
    {%- endfor %}
    {%- set entry = var('double_entries').get(quantity) %}
        '{{ identity }}' as identity,
        'double_entry' as entry,
        '{{ quantity if quantity == 'all' else factors[0] }}' as factor,
        {{ quantity_value(declared.result) }} as result,
        {{ product_of(identity, replaced) }} as product,
        {{ reason_column(identity) }} as reason,
        {{ declared.result == 'revenue' }} as is_revenue,
    {%- for column, name in {
        'first': 'first_entry', 'second': 'second_entry', 'only_in_first': 'only_in_first',
        'only_in_second': 'only_in_second',
    }.items() %}
        cast({{ entry[column] if entry else 'null' }} as decimal(38, 6)) as {{ name }},
    {%- endfor %}
        {{ gap_column(quantity) if entry else 'cast(null as string)' }} as gap_level
{%- endmacro %}
