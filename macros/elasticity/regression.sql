{#- Least squares of y on one x, from the sums that an engine keeps of them. -#}

{#- The sums, as aggregates. -#}
{% macro regression_sums(y, x) -%}
    cast(regr_count({{ y }}, {{ x }}) as bigint) as n,
    regr_sxx({{ y }}, {{ x }}) as sxx,
    regr_syy({{ y }}, {{ x }}) as syy,
    regr_sxy({{ y }}, {{ x }}) as sxy
{%- endmacro %}

{#- The same of y and x whose means are 0, in trillionths: sums of whole numbers, the same in whatever order an
    engine adds. -#}
{% macro regression_sums_of_trillionths(y, x) -%}
    cast(count(*) as bigint) as n,
    {{ sum_of_products(x, x) }} / 1e24 as sxx,
    {{ sum_of_products(y, y) }} / 1e24 as syy,
    {{ sum_of_products(x, y) }} / 1e24 as sxy
{%- endmacro %}

{#- A sum of products of whole numbers, exact before it becomes a double. -#}
{% macro sum_of_products(one, other) -%}
    cast(sum(cast({{ one }} as decimal(19, 0)) * cast({{ other }} as decimal(19, 0))) as double)
{%- endmacro %}

{#- Of these the slope, its standard error and the share of y's variance that it explains. `lost` is how many
    degrees of freedom the line and whatever was taken out of x and y before have used up. NULL where x
    did not move, by more than doubles round, or where nothing is left to err with. -#}
{% macro slope() -%}
    sxy / {{ moved('sxx') }}
{%- endmacro %}

{% macro slope_standard_error(lost=2) -%}
    sqrt(
        greatest(syy - sxy * sxy / {{ moved('sxx') }}, 0e0)
        / nullif(greatest(cast(n - ({{ lost }}) as double), 0e0), 0)
        / {{ moved('sxx') }}
    )
{%- endmacro %}

{% macro slope_r_squared() -%}
    case
        when sxy * sxy / {{ moved('sxx') }} / {{ moved('syy') }} > 1e0 then 1e0
        else sxy * sxy / {{ moved('sxx') }} / {{ moved('syy') }}
    end
{%- endmacro %}

{% macro moved(sum_of_squares) -%}
    nullif(case when {{ sum_of_squares }} > 1e-20 * n then {{ sum_of_squares }} else 0e0 end, 0)
{%- endmacro %}


{#- How many standard errors each way hold 95 of 100 slopes: Student's t by its expansion in 1 / degrees,
    which is right to three digits from five degrees of freedom on. -#}
{% macro t_for_95_percent(degrees) -%}
    (
        1.959964e0
        + 2.372271e0 / nullif({{ degrees }}, 0)
        + 2.822499e0 / nullif({{ degrees }} * {{ degrees }}, 0)
        + 2.555850e0 / nullif({{ degrees }} * {{ degrees }} * {{ degrees }}, 0)
    )
{%- endmacro %}
