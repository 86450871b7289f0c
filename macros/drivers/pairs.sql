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

{#- The same day so many periods later (earlier, where negative). -#}
{% macro periods_later(period, day, periods) -%}
    {%- set months = {'month': 1, 'quarter': 3, 'year': 12}.get(period) -%}
    {%- set days = {'day': 1, 'week': 7}.get(period) -%}
    cast(
        {{ day }} + interval '{{ periods * (months or days) }}' {{ 'month' if months else 'day' }} as date
    )
{%- endmacro %}

{#- {comparison: {period, back}}: which periods of a subject (funnel or finance) are held against which. -#}
{% macro comparisons_over(subject) %}
    {% set found = {} %}
    {% for name, declared in var('comparisons').items() %}
        {% if declared.get('over', 'funnel') == subject %}
            {% do found.update({name: declared}) %}
        {% endif %}
    {% endfor %}
    {{ return(found) }}
{% endmacro %}


{#- Each row of a relation by the day twice for each comparison: as of its own period (is_now), and as of the
    later one whose base it is. `columns` go along; those of `by_day_only` are NULL where a period is more than
    a day. With `newest`, a relation of one row with newest_day and first_explained_day, only periods that
    reach into what is explained, and what a period that is not over needs to be held against as much. -#}
{% macro both_periods(relation, day, comparisons, columns, by_day_only=[], newest=none) -%}
    {%- for comparison, declared in comparisons.items() %}
    {%- set is_last = loop.last %}
    {%- set own_start = start_of(declared.period, day) %}
    {%- set newest_start = start_of(declared.period, 'newest_day') %}
    {%- for start, is_now in [
        (own_start, true), (periods_later(declared.period, own_start, declared.back), false)
    ] %}
    select
        '{{ comparison }}' as comparison,
        '{{ declared.period }}' as period,
        {{ start }} as period_starts_on,
        {{ periods_later(declared.period, start, -declared.back) }} as base_starts_on,
        {{ is_now }} as is_now,
        {%- if newest %}
        {{ start }} = {{ newest_start }}
        and {{ newest_start }} = {{ start_of(
            declared.period, periods_later('day', 'newest_day', 1)
        ) }} as is_to_date,
        {{ days_between(own_start, day) }} <= {{ days_between(newest_start, 'newest_day') }}
            as is_among_first_days,
        {%- endif %}
        {%- for name in columns + by_day_only %}
        {{ name if declared.period == 'day' or name in columns else 'cast(null as bigint)' }} as {{ name }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from {{ relation }}
    {%- if newest %}
    cross join {{ newest }}
    where
        {{ start }} between {{ start_of(declared.period, 'first_explained_day') }} and newest_day
    {%- endif %}
    {{ 'union all' if not (is_last and loop.last) }}
    {%- endfor %}
    {%- endfor %}
{%- endmacro %}


{#- The type that a served slice shows a sum in: exact money, else a count. -#}
{% macro type_of_sum(name) -%}
    {{ 'decimal(38, 6)' if name in money_components() else 'bigint' }}
{%- endmacro %}


{#- What a slice had in both periods, and the whole's leading quantities beside it, from relations sums and
    wholes. -#}
{% macro compared_columns(names, leads) -%}
    {%- for name in names %}
    {%- for period in ['base', 'now'] %}
    cast(sums.{{ name }}_{{ period }} as {{ type_of_sum(name) }}) as {{ name }}_{{ period }},
    {%- endfor %}
    {%- endfor %}
    {%- for lead in leads %}
    {%- set is_last = loop.last %}
    {%- for period in ['base', 'now'] %}
    cast(wholes.{{ lead }}_whole_{{ period }} as bigint) as {{ lead }}_whole_{{ period }}
    {{- ',' if not (is_last and loop.last) }}
    {%- endfor %}
    {%- endfor %}
{%- endmacro %}

{% macro whole_columns(leads) -%}
    {%- for lead in leads %}
    {{ lead }}_base as {{ lead }}_whole_base,
    {{ lead }}_now as {{ lead }}_whole_now{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
