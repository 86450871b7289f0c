{#- The slice that differs most from all the rest, and the next one without it, and so on: CTEs that end in
    `<name>_found`, one row per key, round and slice found. Over any relation of leaves: `keys`, the dimensions,
    forecast, actual, forecast_divisor and actual_divisor (of a sum NULL), and of each key: direction (1 where
    what is looked for rose, -1 where it fell), events (what a unit of forecast is expected to rest on), noise
    (the variance of such a count over what counting alone makes of it) and common (the variance of what moves
    all leaves alike on usual days, as a share squared). Where the same four with evidence_ before their
    names are not NULL, slices are found by these, in which an event counts 1, and what is told of them moved the
    same way.

    A slice is held against all that is not of it: score is half the squared distance between how the slice moved
    and how it would have if it had moved as the rest, by its variance. Only sums over slices are asked, so that
    leaves of no more than a few events do no harm. A slice that takes in more than the cause dilutes it, one that
    takes in less leaves evidence out: the cause itself scores highest. Each further dimension has to earn
    `layer_penalty`. Where the rest is off by itself, what it shares with the slice is no cause.

    The first slice needs `least_score`, any further one `least_further_score`, which is more: a search that goes
    on because something was found picks the largest of many leftovers, and one day of usual noise is then a
    second cause. A true second cause of some size has far more than either.

    Each round reads the one before it once, and the leaves: an engine that computes a CTE anew wherever it is
    read does each round once. So what earlier rounds found goes along in columns of its own, and a round has a
    row for each key, whether it finds anything or not. -#}
{% macro search_slices(name, leaves, keys, dimensions, settings) -%}
{%- set key = keys | join(', ') -%}
{%- set columns = dimensions + slice_figures() -%}
{%- set told = ['forecast', 'actual', 'forecast_divisor', 'actual_divisor'] -%}
{%- set sums = told + told | map('replace', '', 'evidence_', 1) | list -%}
{%- for round in range(1, settings.rounds + 1) %}
{%- set earlier = carried_columns(columns, round - 1) %}
{%- set least = settings.least_score if loop.first else settings.least_further_score %}
{{ name }}_left_{{ round }} as (
    {% if loop.first %}
    select *
    from {{ leaves }}
    {%- else %}
    select
        {%- for column in keys + dimensions + ['direction', 'events', 'noise', 'common'] %}
        leaves.{{ column }},
        {%- endfor %}
        {%- for column in earlier %}
        found.{{ column }},
        {%- endfor %}
        {%- for column in sums %}
        case
            when {{ is_of_found('leaves', 'found', dimensions, round - 1) | indent(12) }}
                then leaves.{{ column }} * 0e0
            else leaves.{{ column }}
        end as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ leaves }} as leaves
    inner join {{ name }}_found_{{ round - 1 }} as found
        on
            {%- for column in keys %}
            {{ 'and ' if not loop.first }}leaves.{{ column }} = found.{{ column }}
            {%- endfor %}
    {%- endif %}

),

-- All of a key is its slice of no dimension.
{{ name }}_slices_{{ round }} as (

    select
        {{ keys | join(',\n        ') }},
        {{ slice_columns(dimensions) | indent(8) }},
        {%- for column in sums %}
        sum({{ column }}) as {{ column }},
        {%- endfor %}
        {%- for column in earlier %}
        max({{ column }}) as {{ column }},
        {%- endfor %}
        max(direction) as direction,
        nullif(max(events), 0e0) as events,
        max(noise) as noise,
        max(common) as common
    from {{ name }}_left_{{ round }}
    group by {{ slice_sets(keys, dimensions, settings.layers, with_all=true) | indent(4) }} -- noqa: PRS

),

{{ name }}_wholes_{{ round }} as (

    select
        *,
        {%- for column in sums %}
        max(case when layer = 0 then {{ column }} end) over (partition by {{ key }}) as whole_{{ column }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from {{ name }}_slices_{{ round }}

),

{{ name }}_held_{{ round }} as (

    select
        *,
        {%- for part in ['', 'whole_'] %}
        {%- for column in told %}
        {%- set found_by = part ~ 'evidence_' ~ column %}
        case
            when evidence_forecast is null then {{ part ~ column }} else {{ found_by }}
        end as {{ part }}weighed_{{ column }},
        {%- endfor %}
        {%- endfor %}
        case when evidence_forecast is null then events else 1e0 end as weighed_events
    from {{ name }}_wholes_{{ round }}

),

-- Of a ratio what the slice's own expected ratio makes of the cases that it had.
{{ name }}_expected_{{ round }} as (

    select
        *,
        greatest(weighed_actual, 0e0) as inside,
        greatest(whole_weighed_actual - weighed_actual, 0e0) as outside,
        forecast * coalesce(actual_divisor / nullif(forecast_divisor, 0e0), 1e0) as told_inside,
        weighed_forecast
        * coalesce(weighed_actual_divisor / nullif(weighed_forecast_divisor, 0e0), 1e0) as all_inside,
        (whole_weighed_forecast - weighed_forecast) * coalesce(
            (whole_weighed_actual_divisor - weighed_actual_divisor)
            / nullif(whole_weighed_forecast_divisor - weighed_forecast_divisor, 0e0),
            1e0
        ) as all_outside
    from {{ name }}_held_{{ round }}

),

-- Slices of enough events, and of which there is a rest; of others nothing is told.
{{ name }}_weighty_{{ round }} as (

    select
        *,
        case
            when told_inside * events >= {{ settings.least_events }}
                and all_inside * weighed_events >= {{ settings.least_events }}
                then all_inside
        end as inside_forecast,
        case when all_outside > 0 then all_outside end as outside_forecast
    from {{ name }}_expected_{{ round }}

),

-- How far each moved, as twice the change of the square root: a logarithm that knows of 0, and whose variance
-- is that of the count whatever the count.
{{ name }}_moved_{{ round }} as (

    select
        *,
        2e0 * (sqrt(inside / inside_forecast) - 1e0) as inside_change,
        2e0 * (sqrt(outside / outside_forecast) - 1e0) as outside_change,
        inside_forecast * weighed_events / noise as inside_weight,
        outside_forecast * weighed_events / noise as outside_weight
    from {{ name }}_weighty_{{ round }}

),

-- What moves all slices alike on usual days, and what the rest shows beyond that on this one.
{{ name }}_common_{{ round }} as (

    select
        *,
        case
            when outside_weight is not null
                then greatest(common, outside_change * outside_change - 1e0 / outside_weight)
        end as shared
    from {{ name }}_moved_{{ round }}

),

{{ name }}_compared_{{ round }} as (

    select
        *,
        inside_change
        - outside_change * outside_weight * shared / (outside_weight * shared + 1e0) as own_change,
        1e0 / inside_weight + shared / (outside_weight * shared + 1e0) as own_variance
    from {{ name }}_common_{{ round }}

),

{{ name }}_scored_{{ round }} as (

    select
        *,
        case
            when layer > 0 and direction * own_change > 0 and direction * inside_change > 0
                and direction * (actual - told_inside) > 0
                then own_change * own_change / (2e0 * own_variance)
                    - {{ settings.layer_penalty }}e0 * (layer - 1)
        end as score
    from {{ name }}_compared_{{ round }}

),

{{ name }}_ranked_{{ round }} as (

    select
        *,
        row_number() over (
            partition by {{ key }}
            order by
                round(cast(score as decimal(30, 6)), 6) desc nulls last,
                layer nulls last
                {%- for dimension in dimensions %},
                {{ dimension }} nulls last
                {%- endfor %}
        ) as place
    from {{ name }}_scored_{{ round }}

),

{{ name }}_found_{{ round }} as (

    select
        {{ keys | join(',\n        ') }},
        {%- for column in earlier %}
        {{ column }},
        {%- endfor %}
        {%- for column in columns %}
        case when score >= {{ least }} then {{ column }} end as {{ column }}_{{ round }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from {{ name }}_ranked_{{ round }}
    where place = 1

),
{% endfor %}
{{ name }}_rounds as (
    {% for round in range(1, settings.rounds + 1) %}
    select {{ round }} as round{{ ' union all' if not loop.last }}
    {%- endfor %}

),

{{ name }}_of_rounds as (

    select
        {{ keys | join(',\n        ') }},
        rounds.round,
        {%- for column in columns %}
        case rounds.round
            {%- for round in range(1, settings.rounds + 1) %}
            when {{ round }} then {{ column }}_{{ round }}
            {%- endfor %}
        end as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ name }}_found_{{ settings.rounds }}
    cross join {{ name }}_rounds as rounds

),

{{ name }}_found as (

    select *
    from {{ name }}_of_rounds
    where score is not null

)
{%- endmacro %}


{#- What is told of a slice that was found, beside its dimensions. -#}
{% macro slice_figures() %}
    {{ return(['layer', 'forecast', 'actual', 'forecast_divisor', 'actual_divisor', 'score']) }}
{% endmacro %}

{#- The columns that hold what the first so many rounds found. -#}
{% macro carried_columns(columns, rounds) %}
    {% set found = [] %}
    {% for round in range(1, rounds + 1) %}
        {% for column in columns %}
            {% do found.append(column ~ '_' ~ round) %}
        {% endfor %}
    {% endfor %}
    {{ return(found) }}
{% endmacro %}

{#- The condition that a leaf is of a slice that one of the first so many rounds found. A round that found
    nothing names no dimension: every leaf is of that, so that there is no later round. -#}
{% macro is_of_found(leaf, found, dimensions, rounds) -%}
    {%- for round in range(1, rounds + 1) %}
    (
        {%- for dimension in dimensions %}
        {%- set named = found ~ '.' ~ dimension ~ '_' ~ round %}
        ({{ named }} is null or {{ named }} = {{ leaf }}.{{ dimension }})
        {{- ' and' if not loop.last }}
        {%- endfor %}
    ){{ ' or' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
