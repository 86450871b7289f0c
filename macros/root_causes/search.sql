{#- The slice that differs most from all the rest, and the next one without it, and so on: CTEs that end in
    `<name>_found`, one row per key, round and slice found. Over any relation of leaves: `keys`, the dimensions,
    forecast, actual, forecast_divisor and actual_divisor (of a sum NULL), and of each key: direction (1 where
    what is looked for rose, -1 where it fell), events (what a unit of forecast is expected to rest on), noise
    (the variance of such a count over what counting alone makes of it) and common (the variance of what moves
    all leaves alike on usual days, as a share squared).

    A slice is held against all that is not of it: score is half the squared distance between how the slice moved
    and how it would have if it had moved as the rest, by its variance. Only sums over slices are asked, so that
    leaves of no more than a few events do no harm. A slice that takes in more than the cause dilutes it, one that
    takes in less leaves evidence out: the cause itself scores highest. Each further dimension has to earn
    `layer_penalty`. Where the rest is off by itself, what it shares with the slice is no cause. -#}
{% macro search_slices(name, leaves, keys, dimensions, settings) -%}
{%- for round in range(1, settings.rounds + 1) %}
{%- set left = leaves if loop.first else name ~ '_left_' ~ round %}
{%- if not loop.first %}
{{ left }} as (

    select leaves.*
    from {{ leaves if round == 2 else name ~ '_left_' ~ (round - 1) }} as leaves
    inner join {{ name }}_found_{{ round - 1 }} as found
        on
            {%- for key in keys %}
            {{ 'and ' if not loop.first }}leaves.{{ key }} = found.{{ key }}
            {%- endfor %}
    where not ({{ is_of_slice('leaves', 'found', keys, dimensions) | indent(12) }})

),
{%- endif %}

{{ name }}_wholes_{{ round }} as (

    select
        {{ keys | join(',\n        ') }},
        sum(forecast) as whole_forecast,
        sum(actual) as whole_actual,
        sum(forecast_divisor) as whole_forecast_divisor,
        sum(actual_divisor) as whole_actual_divisor
    from {{ left }}
    group by {{ keys | join(', ') }}

),

{{ name }}_slices_{{ round }} as (

    select
        {{ keys | join(',\n        ') }},
        {{ slice_columns(dimensions) | indent(8) }},
        sum(forecast) as forecast,
        sum(actual) as actual,
        sum(forecast_divisor) as forecast_divisor,
        sum(actual_divisor) as actual_divisor,
        max(direction) as direction,
        max(events) as events,
        max(noise) as noise,
        max(common) as common
    from {{ left }}
    group by {{ slice_sets(keys, dimensions, settings.layers) | indent(4) }} -- noqa: PRS

),

{{ name }}_held_{{ round }} as (

    select
        slices.*,
        wholes.whole_forecast,
        wholes.whole_actual,
        wholes.whole_forecast_divisor,
        wholes.whole_actual_divisor,
        greatest(slices.actual, 0e0) as inside,
        greatest(wholes.whole_actual - slices.actual, 0e0) as outside,
        -- Of a ratio what the slice's own expected ratio makes of the cases that it had.
        slices.forecast * coalesce(
            slices.actual_divisor / nullif(slices.forecast_divisor, 0e0), 1e0
        ) as inside_forecast,
        (wholes.whole_forecast - slices.forecast) * coalesce(
            (wholes.whole_actual_divisor - slices.actual_divisor)
            / nullif(wholes.whole_forecast_divisor - slices.forecast_divisor, 0e0),
            1e0
        ) as outside_forecast
    from {{ name }}_slices_{{ round }} as slices
    inner join {{ name }}_wholes_{{ round }} as wholes
        on
            {%- for key in keys %}
            {{ 'and ' if not loop.first }}slices.{{ key }} = wholes.{{ key }}
            {%- endfor %}

),

-- How far each moved, as twice the change of the square root: a logarithm that knows of 0, and whose variance
-- is that of the count whatever the count.
{{ name }}_moved_{{ round }} as (

    select
        *,
        2e0 * (sqrt(inside / inside_forecast) - 1e0) as inside_change,
        2e0 * (sqrt(outside / outside_forecast) - 1e0) as outside_change,
        inside_forecast * events / noise as inside_weight,
        outside_forecast * events / noise as outside_weight
    from {{ name }}_held_{{ round }}
    where inside_forecast * events >= {{ settings.least_events }} and outside_forecast > 0 and events > 0

),

-- What moves all slices alike on usual days, and what the rest shows beyond that on this one.
{{ name }}_common_{{ round }} as (

    select
        *,
        greatest(common, outside_change * outside_change - 1e0 / outside_weight) as shared
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
        own_change * own_change / (2e0 * own_variance) - {{ settings.layer_penalty }}e0 * (layer - 1) as score
    from {{ name }}_compared_{{ round }}
    where direction * own_change > 0 and direction * inside_change > 0

),

{{ name }}_ranked_{{ round }} as (

    select
        *,
        row_number() over (
            partition by {{ keys | join(', ') }}
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
        {{ round }} as round,
        {{ dimensions | join(',\n        ') }},
        layer,
        forecast,
        actual,
        forecast_divisor,
        actual_divisor,
        score
    from {{ name }}_ranked_{{ round }}
    where place = 1 and score >= {{ settings.least_score }}

),
{% endfor %}
{{ name }}_found as (
    {% for round in range(1, settings.rounds + 1) %}
    select * from {{ name }}_found_{{ round }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)
{%- endmacro %}
