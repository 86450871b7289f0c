{#- How the factors of an identity moved with one another over days: an association between them, which says
    nothing of what would happen if one were moved. -#}

{#- Names of the factors of the identities whose elasticities are looked for. -#}
{% macro elastic_factors() %}
    {% set names = [] %}
    {% for identity in var('elasticities').identities %}
        {% do names.extend(named_factors(var('identities')[identity])) %}
    {% endfor %}
    {{ return(names | unique | list) }}
{% endmacro %}

{#- Pairs of two factors of one identity, each way round: 'driver response'. -#}
{% macro elastic_pairs() %}
    {% set pairs = [] %}
    {% for identity in var('elasticities').identities %}
        {% set factors = named_factors(var('identities')[identity]) %}
        {% for driver in factors %}
            {% for response in factors if response != driver %}
                {% do pairs.append(driver ~ ' ' ~ response) %}
            {% endfor %}
        {% endfor %}
    {% endfor %}
    {{ return(pairs | unique | list) }}
{% endmacro %}


{#- A condition on rows with `driver` and `response`: the component that the two are both made of, NULL
    where there is none. -#}
{% macro shared_component() -%}
    case
        {%- for pair in elastic_pairs() %}
        {%- set names = pair.split(' ') %}
        {%- for component in components_of(names[0])
            if component in components_of(names[1]) %}
        when driver = '{{ names[0] }}' and response = '{{ names[1] }}' then '{{ component }}'
        {%- endfor %}
        {%- endfor %}
    end
{%- endmacro %}


{#- The steps from a relation of daily slices (requested_on, dimension, dimension_value, components) to one row
    for each slice and pair of factors, as CTEs; the last is `judged`.

    Of the logarithms of both factors what hangs on the weekday is taken out, and a straight trend: weekends
    move every factor, and two that both grow over a season would look as if one moved the other. What is
    left is regressed. The slope is then that of a regression with a dummy for each weekday and the day as
    further variables, and loses their degrees of freedom. Whole trillionths all the way: sums of doubles
    would be others in each build. -#}
{% macro elasticity_steps(slices) -%}
{%- set rules = var('elasticities') -%}
{%- set series = 'dimension, dimension_value, driver, response' -%}
logs as (
    {% for name in elastic_factors() %}
    select
        requested_on,
        dimension,
        dimension_value,
        '{{ name }}' as factor,
        {{ value_of(name) | indent(4) }} as factor_value,
        {%- set counts = components_of(name) | reject('in', money_components()) | list %}
        cast({{ 'least(' ~ counts | join(', ') ~ ')' if counts | length > 1 else counts[0] }} as double)
            as least_count
    from {{ slices }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

usable as (

    select
        requested_on,
        dimension,
        dimension_value,
        factor,
        {{ to_trillionths('ln(case when factor_value > 0 then factor_value end)') }} as log_value,
        {{ to_trillionths('1 / nullif(least_count, 0)') }} as chance
    from logs
    where factor_value > 0

),

pairs as (

    select
        drivers.requested_on,
        drivers.dimension,
        drivers.dimension_value,
        drivers.factor as driver,
        responses.factor as response,
        drivers.log_value as x,
        responses.log_value as y,
        drivers.chance,
        {{ weekday_of('drivers.requested_on') }} as weekday,
        {{ days_between("date '2000-01-03'", 'drivers.requested_on') }} as day_number
    from usable as drivers
    inner join usable as responses
        on
            drivers.requested_on = responses.requested_on
            and drivers.dimension = responses.dimension
            and drivers.dimension_value = responses.dimension_value
    where
        drivers.factor || ' ' || responses.factor in (
            '{{ elastic_pairs() | join("', '") }}'
        )

),

weekday_means as (

    select
        {{ series }},
        weekday,
        {{ ratio('sum(x)', 'count(*)') }} as x,
        {{ ratio('sum(y)', 'count(*)') }} as y,
        {{ ratio('sum(day_number)', 'count(*)') }} as day_number
    from pairs
    group by {{ series }}, weekday

),

without_weekdays as (

    select
        pairs.{{ series.split(', ') | join(',\n        pairs.') }},
        pairs.requested_on,
        pairs.weekday,
        pairs.chance,
        cast(floor(pairs.x - weekday_means.x + 0.5e0) as bigint) as x,
        cast(floor(pairs.y - weekday_means.y + 0.5e0) as bigint) as y,
        cast(floor((pairs.day_number - weekday_means.day_number) * 1e6 + 0.5e0) as bigint) as t
    from pairs
    inner join weekday_means
        on
            {%- for column in series.split(', ') %}
            pairs.{{ column }} = weekday_means.{{ column }}
            and
            {%- endfor %} pairs.weekday = weekday_means.weekday

),

trends as (

    select
        {{ series }},
        coalesce({{ sum_of_products('x', 't') }} / nullif({{ sum_of_products('t', 't') }}, 0), 0e0)
            as x_trend,
        coalesce({{ sum_of_products('y', 't') }} / nullif({{ sum_of_products('t', 't') }}, 0), 0e0)
            as y_trend
    from without_weekdays
    group by {{ series }}

),

without_trends as (

    select
        days.{{ series.split(', ') | join(',\n        days.') }},
        days.requested_on,
        days.weekday,
        days.chance,
        cast(floor(days.x - trends.x_trend * days.t + 0.5e0) as bigint) as x,
        cast(floor(days.y - trends.y_trend * days.t + 0.5e0) as bigint) as y
    from without_weekdays as days
    inner join trends
        on
            {%- for column in series.split(', ') %}
            {{ 'and ' if not loop.first }}days.{{ column }} = trends.{{ column }}
            {%- endfor %}

),

summed as (

    select
        {{ series }},
        min(requested_on) as first_day,
        max(requested_on) as last_day,
        count(distinct weekday) + 2 as lost,
        {{ ratio('sum(chance)', 'count(*)') }} / 1e12 as chance,
        cast(min(x) as double) / 1e12 as least_x,
        cast(max(x) as double) / 1e12 as greatest_x,
        {{ regression_sums_of_trillionths('y', 'x') | indent(4) }}
    from without_trends
    group by {{ series }}

),

measured as (

    select
        {{ series }},
        first_day,
        last_day,
        n,
        cast(nullif(greatest(n - lost, 0), 0) as double) as degrees,
        {{ slope() }} as elasticity,
        {{ slope_standard_error('lost') | indent(4) }} as standard_error,
        {{ slope_r_squared() | indent(4) }} as r_squared,
        coalesce(sqrt({{ moved('sxx') }} / nullif(cast(n as double), 0)), 0e0) as driver_variation,
        sqrt(chance) as driver_chance,
        case when {{ moved('sxx') }} > 0 then exp(least_x) - 1 else 0e0 end as driver_fall,
        case when {{ moved('sxx') }} > 0 then exp(greatest_x) - 1 else 0e0 end as driver_rise
    from summed

),

judged as (

    select
        {{ series }},
        first_day,
        last_day,
        n,
        elasticity,
        standard_error,
        elasticity - {{ t_for_95_percent('degrees') | indent(4) }} * standard_error as elasticity_low,
        elasticity + {{ t_for_95_percent('degrees') | indent(4) }} * standard_error as elasticity_high,
        r_squared,
        driver_variation,
        driver_chance,
        driver_fall,
        driver_rise,
        {{ shared_component() | indent(4) }} as shared_component,
        case
            when n < {{ rules.least_days }}
                then 'fewer than {{ rules.least_days }} days with a value of both'
            when (driver_variation >= {{ rules.least_variation }}e0) is not true
                then driver || ' hardly moved: it shows nothing of what moves with it'
            when
                (driver_variation >= {{ rules.least_moves_over_chance }}e0 * driver_chance) is not true
                then driver || ' moved hardly more than chance moves counts as small as its own'
            when (r_squared >= {{ rules.least_r_squared }}e0) is not true
                then 'what moved ' || response || ' was mostly not ' || driver
            when
                (standard_error <= {{ rules.greatest_relative_error }}e0 * abs(elasticity)) is not true
                then 'the standard error is large beside the elasticity'
        end as reason
    from measured

)
{%- endmacro %}
