{#- RiskLoc (Kalander, 2022): slices whose leaves deviate more than leaves elsewhere, and alike among themselves.
    CTEs that end in `<name>_found`, one row per key, round and slice. Over any relation of leaves of a sum:
    `keys`, the dimensions, forecast and actual. It looks at single leaves, so that each of them has to rest on a
    hundred events or so: on fewer, chance is all that it sees. Settings: rounds, layers, outliers (so many
    deviations at either end do not set the cut), least_risk, least_power (share of the power of all high-risk
    leaves that a slice explains). -#}
{% macro riskloc(name, leaves, keys, dimensions, settings) -%}
{%- set key = keys | join(', ') -%}
{{ name }}_deviations as (

    select
        *,
        (actual - forecast) / nullif(
            sum(actual) over (partition by {{ key }}) - sum(forecast) over (partition by {{ key }}), 0e0
        ) as power,
        -- From -2 for a leaf that was not expected to 2 for one that went dark.
        case
            when forecast + actual = 0 then 0e0
            else 2e0 * (forecast - actual) / (forecast + actual)
        end as deviation
    from {{ leaves }}

),

{{ name }}_distances as (

    select
        {{ key }},
        deviation,
        row_number() over (partition by {{ key }} order by deviation nulls last) as from_below,
        row_number() over (partition by {{ key }} order by deviation desc nulls last) as from_above
    from (select distinct {{ key }}, deviation from {{ name }}_deviations) as distinct_deviations

),

{{ name }}_ends as (

    select
        {{ key }},
        max(case when from_below <= {{ settings.outliers + 1 }} then deviation end) as lower_end,
        min(case when from_above <= {{ settings.outliers + 1 }} then deviation end) as upper_end
    from {{ name }}_distances
    group by {{ key }}

),

-- The usual spread lies as far to the other side of 0 as its nearer end: what is beyond it is at risk.
{{ name }}_cuts as (

    select
        {{ key }},
        case when abs(lower_end) <= abs(upper_end) then -lower_end else -upper_end end as cut
    from {{ name }}_ends

),

{{ name }}_sided as (

    select
        deviations.*,
        cuts.cut,
        case
            when cuts.cut >= 0 and deviations.deviation > cuts.cut then 1
            when cuts.cut < 0 and deviations.deviation < cuts.cut then 1
            else 0
        end as is_high
    from {{ name }}_deviations as deviations
    inner join {{ name }}_cuts as cuts
        on {% for column in keys %}{{ 'and ' if not loop.first }}deviations.{{ column }} = cuts.{{ column }} {% endfor %}

),

{{ name }}_left_1 as (

    select
        *,
        least(
            1e0,
            case
                when is_high = 1 then abs(deviation)
                when forecast = 0 and actual = 0 then 0e0
                else abs(cut - deviation)
            end
        ) as weight,
        {{ settings.least_power }}e0 * abs(
            sum(case when is_high = 1 then power else 0e0 end) over (partition by {{ key }})
        ) as least_power
    from {{ name }}_sided

),
{% for round in range(1, settings.rounds + 1) %}
{{ name }}_slices_{{ round }} as (

    select
        {{ key }},
        {{ slice_columns(dimensions) | indent(8) }},
        sum(power) as power,
        sum(case when is_high = 1 then weight else 0e0 end) as high_weight,
        sum(case when is_high = 0 then weight else 0e0 end) as low_weight,
        sum(actual) as actual,
        sum(forecast) as forecast,
        max(least_power) as least_power
    from {{ name }}_left_{{ round }}
    group by {{ slice_sets(keys, dimensions, settings.layers) | indent(4) }} -- noqa: PRS
    having sum(is_high) > 0

),

{{ name }}_risky_{{ round }} as (

    select
        *,
        high_weight / (high_weight + low_weight + 1e0) as high_risk
    from {{ name }}_slices_{{ round }}
    where
        power > least_power
        and high_weight / (high_weight + low_weight + 1e0) >= {{ settings.least_risk }}

),

-- How unlike one another the leaves of a slice are, once each has moved as the slice did.
{{ name }}_rippled_{{ round }} as (

    select
        {%- for column in keys + dimensions %}
        risky.{{ column }},
        {%- endfor %}
        risky.layer,
        risky.power,
        risky.high_risk,
        {{ ratio(
            'sum(abs(2e0 * (leaves.forecast * risky.actual / risky.forecast - leaves.actual)'
            ~ ' / (leaves.forecast * risky.actual / risky.forecast + leaves.actual)))',
            'sum(abs(leaves.deviation))'
        ) }} as low_risk
    from {{ name }}_risky_{{ round }} as risky
    inner join {{ name }}_left_{{ round }} as leaves
        on {{ is_of_slice('leaves', 'risky', keys, dimensions) | indent(12) }}
    where leaves.actual <> 0 and leaves.forecast <> 0 and risky.forecast <> 0
    group by
        {%- for column in keys + dimensions %}
        risky.{{ column }},
        {%- endfor %}
        risky.layer,
        risky.power,
        risky.high_risk

),

{{ name }}_ranked_{{ round }} as (

    select
        *,
        high_risk - coalesce(low_risk, 0e0) as risk,
        row_number() over (
            partition by {{ key }}
            order by
                layer nulls last,
                power desc nulls last
                {%- for dimension in dimensions %},
                {{ dimension }} nulls last
                {%- endfor %}
        ) as place
    from {{ name }}_rippled_{{ round }}
    where high_risk - coalesce(low_risk, 0e0) >= {{ settings.least_risk }}

),

{{ name }}_found_{{ round }} as (

    select
        {{ key }},
        {{ round }} as round,
        {{ dimensions | join(',\n        ') }},
        layer,
        power,
        high_risk,
        low_risk,
        risk
    from {{ name }}_ranked_{{ round }}
    where place = 1

),

{% if not loop.last -%}
{{ name }}_left_{{ round + 1 }} as (

    select leaves.*
    from {{ name }}_left_{{ round }} as leaves
    inner join {{ name }}_found_{{ round }} as found
        on {% for column in keys %}{{ 'and ' if not loop.first }}leaves.{{ column }} = found.{{ column }} {% endfor %}
    where not ({{ is_of_slice('leaves', 'found', keys, dimensions) | indent(12) }})

),
{% endif -%}
{% endfor %}
{{ name }}_found as (
    {% for round in range(1, settings.rounds + 1) %}
    select * from {{ name }}_found_{{ round }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)
{%- endmacro %}
