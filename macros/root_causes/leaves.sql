{#- What the explained metrics are made of, at the grain that a cause is looked for in. -#}

{#- The components that explained metrics are made of, each once. -#}
{% macro explained_parts() %}
    {% set found = [] %}
    {% for metric in explained_metrics() %}
        {% for part in [metric.numerator, metric.denominator] if part and part not in found %}
            {% do found.append(part) %}
        {% endfor %}
    {% endfor %}
    {{ return(found) }}
{% endmacro %}


{#- The sum of each over the base days and over the day itself, base_<name> and own_<name>, from a relation of
    the funnel and one of the weights of its days. -#}
{% macro weighted_parts(funnel, days) -%}
    {%- for part in explained_parts() %}
    {%- set value = funnel ~ '.' ~ part if part not in money_components()
        else '0.000001e0 * cast(' ~ funnel ~ '.' ~ part ~ '_micros as double)' %}
    sum({{ days }}.base_weight * {{ value }}) as base_{{ part }},
    sum({{ days }}.own_weight * {{ value }}) as own_{{ part }}{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{#- The numerator or denominator of the metric that a column names, of the sums that start with `sums`; NULL
    where it has none. -#}
{% macro part_of_metric(metric_name, sums, part) -%}
    case {{ metric_name }}
        {%- for metric in explained_metrics() if metric[part] %}
        {%- set scale = metric.scale ~ 'e0 * ' if part == 'numerator' else '' %}
        when '{{ metric.name }}' then {{ scale }}{{ sums }}_{{ metric[part] }}
        {%- endfor %}
    end
{%- endmacro %}
