{#- Adtributor (Bhagwan and others, 2014): which dimension tells best where a change sits, and which of its
    elements explain it. Over any relation of elements: `keys`, dimension, element, forecast, actual and, for a
    ratio, forecast_divisor and actual_divisor (of a sum NULL). -#}


{#- Half of the Jensen-Shannon divergence that one element adds: how unlike its expected share p of the whole
    its actual share q is. -#}
{% macro surprise(p, q) -%}
    0.5e0 * (
        case
            when {{ p }} > 0
                then {{ p }} * ln(case when {{ p }} > 0 then 2e0 * {{ p }} / ({{ p }} + {{ q }}) end)
            else 0e0
        end
        + case
            when {{ q }} > 0
                then {{ q }} * ln(case when {{ q }} > 0 then 2e0 * {{ q }} / ({{ p }} + {{ q }}) end)
            else 0e0
        end
    )
{%- endmacro %}


{#- Twelve digits of a share: sums that are equal but for their order are then equal, and names decide. -#}
{% macro without_rounding_errors(share) -%}
    round(cast({{ share }} as decimal(30, 14)), 12)
{%- endmacro %}


{#- What a part contributes to the change of the whole, so that the parts of any partition add up to it exactly:
    of a sum its own change; of a ratio N / D (dN - R dD) / D, with R and D midway between the two. -#}
{% macro contribution(forecast, actual, forecast_divisor, actual_divisor, whole) -%}
    case
        when {{ whole }}_forecast_divisor is null then {{ actual }} - {{ forecast }}
        else
            (
                ({{ actual }} - {{ forecast }})
                - ({{ actual_divisor }} - {{ forecast_divisor }})
                * (
                    {{ whole }}_forecast / nullif({{ whole }}_forecast_divisor, 0e0)
                    + {{ whole }}_actual / nullif({{ whole }}_actual_divisor, 0e0)
                ) / 2e0
            ) / nullif(({{ whole }}_forecast_divisor + {{ whole }}_actual_divisor) / 2e0, 0e0)
    end
{%- endmacro %}

{#- The change of the whole, which the contributions add up to. -#}
{% macro whole_change(whole) -%}
    case
        when {{ whole }}_forecast_divisor is null then {{ whole }}_actual - {{ whole }}_forecast
        else {{ whole }}_actual / nullif({{ whole }}_actual_divisor, 0e0)
            - {{ whole }}_forecast / nullif({{ whole }}_forecast_divisor, 0e0)
    end
{%- endmacro %}


{#- CTEs that end in `<name>_elements`: each element with its contribution, explanatory_power, surprise,
    is_picked, and its dimension's power and surprise (of the elements picked), rank and is_candidate. Elements
    are taken by their surprise as long as the power of those taken is below `power`, those of less power than
    `element_power` left out. -#}
{% macro adtributor(name, elements, keys, power, element_power) -%}
{%- set whole = keys | join(', ') -%}
{{ name }}_wholes as (

    select
        *,
        sum(forecast) over (partition by {{ whole }}, dimension) as whole_forecast,
        sum(actual) over (partition by {{ whole }}, dimension) as whole_actual,
        sum(forecast_divisor) over (partition by {{ whole }}, dimension) as whole_forecast_divisor,
        sum(actual_divisor) over (partition by {{ whole }}, dimension) as whole_actual_divisor
    from {{ elements }}

),

{{ name }}_shares as (

    select
        *,
        forecast / nullif(whole_forecast, 0e0) as forecast_share,
        actual / nullif(whole_actual, 0e0) as actual_share,
        forecast_divisor / nullif(whole_forecast_divisor, 0e0) as forecast_divisor_share,
        actual_divisor / nullif(whole_actual_divisor, 0e0) as actual_divisor_share,
        {{ contribution(
            'forecast', 'actual', 'forecast_divisor', 'actual_divisor', 'whole'
        ) | indent(8) }} as contribution,
        {{ whole_change('whole') | indent(8) }} as whole_change
    from {{ name }}_wholes

),

{{ name }}_surprises as (

    select
        *,
        contribution / nullif(whole_change, 0e0) as explanatory_power,
        {{ surprise('forecast_share', 'actual_share') | indent(8) }}
        + case
            when whole_forecast_divisor is null then 0e0
            else {{ surprise('forecast_divisor_share', 'actual_divisor_share') | indent(12) }}
        end as surprise
    from {{ name }}_shares

),

{{ name }}_cumulated as (

    select
        *,
        coalesce(explanatory_power > {{ element_power }}, false) as is_eligible,
        sum(case when explanatory_power > {{ element_power }} then explanatory_power else 0e0 end) over (
            partition by {{ whole }}, dimension
            order by
                case when explanatory_power > {{ element_power }} then 0 else 1 end nulls last,
                {{ without_rounding_errors('surprise') }} desc nulls last,
                element nulls last
            rows between unbounded preceding and current row
        ) as power_so_far
    from {{ name }}_surprises

),

{{ name }}_picked as (

    select
        *,
        is_eligible and power_so_far - explanatory_power < {{ power }} as is_picked
    from {{ name }}_cumulated

),

{{ name }}_dimensions as (

    select
        *,
        sum(case when is_picked then explanatory_power else 0e0 end) over (
            partition by {{ whole }}, dimension
        ) as dimension_power,
        sum(case when is_picked then surprise else 0e0 end) over (
            partition by {{ whole }}, dimension
        ) as dimension_surprise
    from {{ name }}_picked

),

{{ name }}_elements as (

    select
        *,
        dimension_power >= {{ power }} as is_candidate,
        dense_rank() over (
            partition by {{ whole }}
            order by
                case when dimension_power >= {{ power }} then 0 else 1 end nulls last,
                {{ without_rounding_errors('dimension_surprise') }} desc nulls last,
                dimension nulls last
        ) as dimension_rank
    from {{ name }}_dimensions

)
{%- endmacro %}
