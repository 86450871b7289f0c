{#- Two periods side by side: what every decomposition reads. -#}

{#- The sums of each quantity in either period, <name>_base and <name>_now, over rows that say in `is_now` to
    which of the two they belong. What has rows in one period only is 0 in the other. -#}
{% macro pair_columns(names) -%}
    {%- for name in names %}
    sum(case when is_now then 0 else {{ name }} end) as {{ name }}_base,
    sum(case when is_now then {{ name }} else 0 end) as {{ name }}_now{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}


{#- Any two periods of any relation of additive components: one row per slice. `base` and `now` are the
    conditions on its rows; `keys` make the slice, of which there is one where there are none. -#}
{% macro two_periods(relation, names, base, now, keys=[]) -%}
    select
        {%- for key in keys %}
        {{ key }},
        {%- endfor %}
        {{- pair_columns(names) | indent(4) }}
    from (
        select
            {%- for name in keys + names %}
            {{ name }},
            {%- endfor %}
            ({{ now }}) as is_now
        from {{ relation }}
        where ({{ base }}) or ({{ now }})
    ) as rows_of_both
    {%- if keys %}
    group by {{ keys | join(', ') }}
    {%- endif %}
{%- endmacro %}


{#- The first day of the period that a day is in. -#}
{% macro start_of(period, day) -%}
    {{ day if period == 'day' else "cast(date_trunc('" ~ period ~ "', " ~ day ~ ") as date)" }}
{%- endmacro %}

{#- The same day so many periods later. -#}
{% macro periods_later(period, day, periods) -%}
    cast({{ day }} + interval '{{ periods }}' {{ period }} as date)
{%- endmacro %}


{#- Whether anything of an identity is a distinct count, which no sum over days can give. -#}
{% macro counts_distinct(declared) %}
    {% set names = [] %}
    {% for quantity in [declared.result] + declared.factors %}
        {% set name = factor_of(quantity).name %}
        {% set metric_declared = var('metrics').get(name) %}
        {% if metric_declared %}
            {% do names.extend([metric_declared.numerator, metric_declared.denominator]) %}
        {% else %}
            {% do names.append(name) %}
        {% endif %}
    {% endfor %}
    {{ return(names | select('in', distinct_counts()) | list | length > 0) }}
{% endmacro %}
