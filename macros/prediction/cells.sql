{#- What is kept of predicted rates: additive parts by bucket of the prediction, never a rate. -#}

{#- A share as a whole number of millionths, cut to so many significant digits: the lower bound of its
    bucket. Two digits make buckets that are a tenth wide at most; those of one digit are made of them.
    Whole numbers, for a logarithm might put a share at a bound into either bucket. -#}
{% macro cut_to_digits(millionths, digits) -%}
    {{ millionths }} - mod({{ millionths }}, {{ width_of_bucket(millionths, digits) | indent(4) }})
{%- endmacro %}

{#- How wide the bucket is that begins, or that a share falls, there: of 1 it is that below 1. -#}
{% macro width_of_bucket(millionths, digits) -%}
    case
        {%- for power in range(digits, 6) %}
        when {{ millionths }} < {{ 10 ** power }} then {{ 10 ** (power - digits) }}
        {%- endfor %}
        else {{ 10 ** (6 - digits) }}
    end
{%- endmacro %}


{#- A double from 0 on as a whole number of parts per trillion: sums of whole numbers are the same in
    whatever order an engine adds. -#}
{% macro to_trillionths(value) -%}
    cast(floor(({{ value }}) * 1e12 + 0.5e0) as bigint)
{%- endmacro %}

{#- A sum of these as an exact number. -#}
{% macro from_trillionths(value) -%}
    cast(
        cast({{ value }} as decimal(25, 0)) * cast(0.000000000001 as decimal(12, 12))
        as decimal(38, 12)
    )
{%- endmacro %}


{#- The measured sums, each in trillionths. -#}
{% macro prediction_sums() %}
    {{ return(['predicted', 'variance', 'squared_error', 'log_loss']) }}
{% endmacro %}


{#- Their columns, as they are or, with a sign or a relation before each, of another sort. -#}
{% macro prediction_columns(before='') -%}
    {%- for name in prediction_sums() %}
    {{ before }}{{ name }}_ppt{{ ' as ' ~ name ~ '_ppt' if before == '-' }}{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{#- The same, summed up once more. -#}
{% macro prediction_rollups() -%}
    {%- for name in prediction_sums() %}
    cast(sum({{ name }}_ppt) as decimal(38, 0)) as {{ name }}_ppt{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}


{#- Dimensions of the request or of its impression by which predictions are kept: those declared, with the
    advertiser in place of its tier, which is of the reference tables and may change for days gone by. -#}
{% macro kept_prediction_dimensions() %}
    {% set kept = [] %}
    {% for dimension in var('prediction_dimensions') %}
        {% do kept.append('advertiser_id' if dimension == 'tier' else dimension) %}
    {% endfor %}
    {{ return(kept) }}
{% endmacro %}


{#- From a relation with one row per case (requested_on, the kept dimensions, p, observed 0 or 1) its cells: a
    row per day, dimension, value and bucket. Each dimension holds every case of the day once. A p that is
    no share is no prediction, and its bucket is NULL. -#}
{% macro prediction_cells(cases) -%}
    {%- set dimensions = kept_prediction_dimensions() -%}
    {%- set clip = var('prediction_clip') -%}
shares as (

    select
        requested_on,
        {{ dimensions | join(',\n            ') }},
        observed,
        case when p between 0 and 1 then p end as p
    from {{ cases }}

),

measured as (

    select
        requested_on,
        {{ dimensions | join(',\n            ') }},
        observed,
        cast(floor(p * 1e6 + 0.5e0) as bigint) as millionths,
        {{ to_trillionths('p') }} as predicted,
        {{ to_trillionths('p * (1 - p)') }} as variance,
        {{ to_trillionths('(p - observed) * (p - observed)') }} as squared_error,
        case
            when p is not null
                then {{ to_trillionths(
                    '-ln(case when observed = 1 then greatest(least(p, 1e0 - ' ~ clip ~ '), ' ~ clip
                    ~ ') else greatest(least(1 - p, 1e0 - ' ~ clip ~ '), ' ~ clip ~ ') end)'
                ) }}
        end as log_loss
    from shares

),

bucketed as (

    select
        *,
        {{ cut_to_digits('millionths', 2) | indent(4) }} as bucket_ppm
    from measured

),

cells as (

    select
        requested_on,
        {{ grouped_by(dimensions) | indent(8) }} as dimension,
        {{ grouped_value(dimensions) | indent(8) }} as dimension_value,
        bucket_ppm,
        cast(count(*) as bigint) as cases,
        cast(sum(observed) as bigint) as observed
        {%- for name in prediction_sums() %},
        cast(coalesce(sum({{ name }}), 0) as decimal(38, 0)) as {{ name }}_ppt
        {%- endfor %}
    from bucketed
    group by grouping sets ( -- noqa: PRS
        {%- for dimension in dimensions %}
        (requested_on, {{ dimension }}, bucket_ppm){{ ',' if not loop.last }}
        {%- endfor %}
    )

)
{%- endmacro %}


{#- The place of an impression on its page as a value: those beyond the tenth are one. -#}
{% macro position_value(position) -%}
    case
        when {{ position }} > 10 then '11+'
        else coalesce(cast({{ position }} as string), '(unknown)')
    end
{%- endmacro %}
