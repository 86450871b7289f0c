{#- Tests made from the declared metrics. -#}

{#- Every ratio that a mart shows lies within the bounds declared for it. -#}
{% test bounds_of_metrics_hold(model, metrics) %}
    {%- set conditions = [] -%}
    {%- for name in metrics -%}
        {%- set declared = var('metrics')[name] -%}
        {%- if 'at_least' in declared -%}
            {%- do conditions.append(name ~ ' < ' ~ declared.at_least) -%}
        {%- endif -%}
        {%- if 'at_most' in declared -%}
            {%- do conditions.append(name ~ ' > ' ~ declared.at_most) -%}
        {%- endif -%}
        {%- do conditions.append('isnan(' ~ name ~ ')') -%}
        {%- do conditions.append('abs(' ~ name ~ ") = cast('infinity' as double)") -%}
    {%- endfor %}
    select * from {{ model }} where {{ conditions | join(' or ') }}
{% endtest %}


{#- Every ratio that a mart shows is its declared formula over the sums shown beside it, and NULL
    exactly where the denominator is 0. -#}
{% test ratios_equal_their_sums(model, metrics) %}
    select *
    from {{ model }}
    where
        false
        {%- for name in metrics %}
        or ({{ name }} is null) is distinct from ({{ var('metrics')[name].denominator }} = 0)
        or abs({{ name }} - ({{ metric(name) }})) > 1e-12 * greatest(1, abs({{ name }}))
        {%- endfor %}
{% endtest %}
