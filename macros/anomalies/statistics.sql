{#- The median of `value`, and the median absolute deviation from it, for each value of `keys`: two relations,
    `<name>_medians` and `<name>_spreads`, to stand in a list of CTEs. NULL values do not count. -#}
{% macro medians_and_spreads(name, relation, keys, value) -%}
{{ name }}_medians as (

    select
        {{ keys | join(',\n        ') }},
        count({{ value }}) as points,
        percentile_cont(0.5e0) within group (order by {{ value }}) as median
    from {{ relation }}
    group by {{ keys | join(', ') }}

),

{{ name }}_spreads as (

    select
        {{ name }}_medians.{{ keys | join(',\n        ' ~ name ~ '_medians.') }},
        max({{ name }}_medians.points) as points,
        max({{ name }}_medians.median) as median,
        percentile_cont(0.5e0) within group (
            order by abs({{ relation }}.{{ value }} - {{ name }}_medians.median)
        ) as deviation
    from {{ name }}_medians
    inner join {{ relation }}
        on
            {%- for key in keys %}
            {{ 'and ' if not loop.first }}{{ name }}_medians.{{ key }} = {{ relation }}.{{ key }}
            {%- endfor %}
    group by {{ name }}_medians.{{ keys | join(', ' ~ name ~ '_medians.') }}

)
{%- endmacro %}


{#- A median absolute deviation as the standard deviation of a normal law with that deviation. -#}
{% macro robust_deviation(deviation) -%}
    1.4826e0 * {{ deviation }}
{%- endmacro %}


{#- P(Z <= z) of a standard normal Z. Neither engine's erf is the other's: Hart's rational form, whose error is
    below 2e-16, and in the far tail below 1e-8 of the value. Give it a column, or a short expression. -#}
{% macro normal_cdf(z) -%}
    {%- set x = 'abs(' ~ z ~ ')' -%}
    {%- set above = [
        0.0352624965998911, 0.700383064443688, 6.37396220353165, 33.912866078383, 112.079291497871,
        221.213596169931, 220.206867912376,
    ] -%}
    {%- set below = [
        0.0883883476483184, 1.75566716318264, 16.064177579207, 86.7807322029461, 296.564248779674,
        637.333633378831, 793.826512519948, 440.413735824752,
    ] -%}
    case
        when {{ z }} is null then null
        when {{ x }} > 37e0 then case when {{ z }} > 0 then 1e0 else 0e0 end
        when {{ x }} < 7.07106781186547e0
            then
                case when {{ z }} > 0 then 1e0 else 0e0 end
                + case when {{ z }} > 0 then -1e0 else 1e0 end
                * exp(-{{ x }} * {{ x }} / 2e0)
                * {{ polynomial(x, above) }}
                / {{ polynomial(x, below) }}
        else
            case when {{ z }} > 0 then 1e0 else 0e0 end
            + case when {{ z }} > 0 then -1e0 else 1e0 end
            * exp(-{{ x }} * {{ x }} / 2e0)
            / (
                2.506628274631e0
                * ({{ x }} + 1e0 / ({{ x }} + 2e0 / ({{ x }} + 3e0 / ({{ x }} + 4e0 / ({{ x }} + 0.65e0)))))
            )
    end
{%- endmacro %}

{#- A polynomial by Horner's rule, the highest coefficient first. -#}
{% macro polynomial(x, coefficients) -%}
    {%- for _ in coefficients[1:] %}({% endfor -%}
    {{ coefficients[0] }}e0
    {%- for coefficient in coefficients[1:] %} * {{ x }} + {{ coefficient }}e0){% endfor -%}
{%- endmacro %}

{#- P(|Z| >= |z|); NULL of NULL. -#}
{% macro two_sided_p(z) -%}
    2e0 * {{ normal_cdf('-abs(' ~ z ~ ')') }}
{%- endmacro %}


{#- Benjamini and Hochberg's q of each p within its `family`: the least share of false discoveries at which it is
    one. `p` is a column that is not NULL, `ties` columns that tell rows of one p apart. To stand between
    `select` and `from`, over rows that have `p_rank` and `p_count` by the macro beside it. -#}
{% macro p_ranks(p, family, ties) -%}
    row_number() over (
        partition by {{ family | join(', ') }} order by {{ p }} nulls last, {{ ties | join(', ') }}
    ) as p_rank,
    count(*) over (partition by {{ family | join(', ') }}) as p_count
{%- endmacro %}

{#- The count over the rank is at least 1, and taken first: p times the count, divided by it again, may come out a
    last digit below p. -#}
{% macro q_value(p, family) -%}
    least(
        1e0,
        min({{ p }} * (p_count / p_rank)) over (
            partition by {{ family | join(', ') }} order by p_rank desc nulls last
            rows between unbounded preceding and current row
        )
    )
{%- endmacro %}


{#- How far a count lies from what was expected, in standard deviations of counting alone: the cube root
    transform of the Poisson law (Wilson and Hilferty), close down to a handful and at 0. Signed; never across
    the expectation. -#}
{% macro count_z(count, expected) -%}
    case
        when {{ count }} > {{ expected }}
            then
                greatest(
                    0e0,
                    3e0 * sqrt({{ count }})
                    * (1e0 - 1e0 / (9e0 * {{ count }}) - power({{ expected }} / {{ count }}, 1e0 / 3e0))
                )
        when {{ count }} < {{ expected }}
            then
                least(
                    0e0,
                    3e0 * sqrt({{ count }} + 1e0)
                    * (
                        1e0 - 1e0 / (9e0 * ({{ count }} + 1e0))
                        - power({{ expected }} / ({{ count }} + 1e0), 1e0 / 3e0)
                    )
                )
        else 0e0
    end
{%- endmacro %}


{#- The normal deviate of the same probability as Student's t with so many degrees of freedom, closely. -#}
{% macro normal_of_student(t, freedom) -%}
    ({{ t }}) * (1e0 - 1e0 / (4e0 * ({{ freedom }}))) / sqrt(1e0 + power({{ t }}, 2e0) / (2e0 * ({{ freedom }})))
{%- endmacro %}

{#- What a median absolute deviation over so many days knows of a spread, as degrees of freedom: the number with
    which Student's t gives the distances of normal draws their probability, at one in ten thousand. -#}
{% macro spread_freedom(days) -%}
    0.44e0 * {{ days }}
{%- endmacro %}
