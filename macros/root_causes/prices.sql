{#- What is paid for clicks, told apart by how far it varies: for the click itself, for being shown, and what comes
    later, for conversions and as refunds. -#}
{% macro kinds_of_payment() %}
    {{ return(['clicked', 'shown', 'late']) }}
{% endmacro %}

{#- An expression for each kind, whose name it has in place of <kind>; as columns, or with another joint. -#}
{% macro per_kind(expression, joint=',') -%}
    {%- for kind in kinds_of_payment() %}
    {{ expression | replace('<kind>', kind) }}{{ joint if not loop.last }}
    {%- endfor %}
{%- endmacro %}
