{#- What is paid for, told apart by how far a payment varies, {kind: pricing models}: for a click, for being shown,
    and for a conversion. -#}
{% macro kinds_of_payment() %}
    {{ return({'clicked': ['cpc'], 'shown': ['cpm'], 'converted': ['cpa', 'cps']}) }}
{% endmacro %}

{#- The dimensions by which an advertiser pays unlike prices for a click. -#}
{% macro dimensions_of_prices() %}
    {% set named = var('root_causes').get('prices_by', []) %}
    {% for name in named if name not in var('dimensions') %}
        {{ exceptions.raise_compiler_error(
            'root_causes.prices_by in dbt_project.yml names "' ~ name ~ '", which is none of the reporting '
            ~ 'dimensions: ' ~ var('dimensions') | join(', ') ~ '.'
        ) }}
    {% endfor %}
    {{ return(named) }}
{% endmacro %}

{#- An expression for each kind, whose name it has in place of <kind>; as columns, or with another joint. -#}
{% macro per_kind(expression, joint=',') -%}
    {%- for kind in kinds_of_payment() %}
    {{ expression | replace('<kind>', kind) }}{{ joint if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{#- The sum of each kind, in units of the currency, over rows with pricing_model and revenue_micros. -#}
{% macro paid_by_kind() -%}
    {%- for kind, models in kinds_of_payment().items() %}
    0.000001e0 * cast(
        coalesce(
            sum(revenue_micros) filter (where pricing_model in ('{{ models | join("', '") }}')),
            0
        ) as double
    ) as {{ kind }}{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
