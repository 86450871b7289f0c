{#- How a ratio of a whole moved: within its slices (rate) and by what they weigh (mix). -#}

{#- Metrics of which a whole's is made of its slices': ratios of additive components. -#}
{% macro metrics_of_components() %}
    {% set names = [] %}
    {% for name in served_metrics() %}
        {% if components_of(name) | reject('in', served_components()) | list == [] %}
            {% do names.append(name) %}
        {% endif %}
    {% endfor %}
    {{ return(names) }}
{% endmacro %}


{#- The condition that a column is one of some names. -#}
{% macro is_among(column, names) -%}
    {{ column }} in (
        {%- for name in names %}
        '{{ name }}'{{ ',' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}


{#- Names of the factors that make revenue: those that multiply in an identity whose result it is, of those that
    are declared or of those that are given. -#}
{% macro factors_of_revenue(identities=none) %}
    {% set names = [] %}
    {% for declared in identities or var('identities').values() if declared.result == 'revenue' %}
        {% for quantity in declared.factors if not factor_of(quantity).divide %}
            {% do names.append(factor_of(quantity).name) %}
        {% endfor %}
    {% endfor %}
    {{ return(names) }}
{% endmacro %}


{#- One row per pair and effect of each of several metrics, or of a quantity (effect 'volume'): `relation` as in
    contributions_of, `within` those of its `keys` that name the whole which its slices make up.

    Kitagawa, with both periods' mean as reference: rate is the slice's mean weight times how its ratio moved,
    mix how far its ratio stands from the whole's times how its weight moved. Over the slices both add up to
    the movement of the whole's ratio. A slice that has no ratio in one period is taken to have had the
    other's: what came or went is all mix. What a slice has over nothing (revenue with no click) has no ratio;
    its part in the whole's is a row of its own, effect 'unattributed'. Sums are exact before they become
    doubles: the same in whatever order an engine adds. In revenue the movement of each of `factors` (the names
    that make it) is told, where the whole has revenue of one sign in both periods. -#}
{% macro movements_of(metrics, relation, keys, within, factors=none) -%}
    {%- set making = factors or factors_of_revenue() -%}
    select * from (
        with sums as (

            {%- for name in metrics %}
            {%- set declared = var('metrics').get(name) %}
            {{ 'union all' if not loop.first }}
            select
                {%- for key in keys %}
                {{ key }},
                {%- endfor %}
                '{{ name }}' as metric,
                {{ declared is mapping }} as is_ratio,
                {{ name in making }} as is_factor,
                {%- for period in ['base', 'now'] %}
                {%- set numerator = declared.numerator if declared else name %}
                {%- set denominator = declared.denominator if declared else name %}
                cast(
                    {{ numerator }}_{{ period }}
                    {{- (' - ' ~ declared.minus ~ '_' ~ period) if declared and declared.minus }}
                    as decimal(38, 6)
                ) as exact_n_{{ period }},
                cast({{ denominator }}_{{ period }} as decimal(38, 6)) as exact_d_{{ period }},
                cast(revenue_{{ period }} as decimal(38, 6)) as exact_v_{{ period }},
                {%- endfor %}
                {{ declared.get('scale', 1) if declared else 1 }}e0 as scale
            from {{ relation }}
            {%- endfor %}

        ),

        wholes as (

            select
                *,
                {%- for sum in ['n', 'd', 'v'] %}
                {%- set last = loop.last %}
                {%- for period in ['base', 'now'] %}
                {{ 'scale * ' if sum == 'n' }}cast(exact_{{ sum }}_{{ period }} as double)
                    as {{ sum }}_{{ period }},
                {{ 'scale * ' if sum == 'n' }}cast(
                    sum(exact_{{ sum }}_{{ period }}) over (
                        partition by {{ within | join(', ') }}, metric
                    ) as double
                ) as whole_{{ sum }}_{{ period }}{{ ',' if not (last and loop.last) }}
                {%- endfor %}
                {%- endfor %}
            from sums

        ),

        weighed as (

            select
                *,
                {%- for period, other in [('base', 'now'), ('now', 'base')] %}
                case
                    when is_ratio then n_{{ period }} / nullif(d_{{ period }}, 0) else n_{{ period }}
                end as value_{{ period }},
                coalesce(
                    n_{{ period }} / nullif(d_{{ period }}, 0),
                    n_{{ other }} / nullif(d_{{ other }}, 0),
                    0e0
                ) as r_{{ period }},
                d_{{ period }} / nullif(whole_d_{{ period }}, 0) as share_{{ period }},
                case
                    when is_ratio then whole_n_{{ period }} / nullif(whole_d_{{ period }}, 0)
                    else whole_n_{{ period }}
                end as whole_{{ period }}{{ ',' if not loop.last }}
                {%- endfor %}
            from wholes

        ),

        moved as (

            select
                *,
                value_now - value_base as volume_effect,
                (share_base + share_now) / 2e0 * (r_now - r_base) as rate_effect,
                ((r_base + r_now) / 2e0 - (whole_base + whole_now) / 2e0)
                * (share_now - share_base) as mix_effect,
                case when d_now = 0 then n_now / whole_d_now else 0e0 end
                - case when d_base = 0 then n_base / whole_d_base else 0e0 end as unattributed_effect,
                case
                    when is_factor and whole_v_base * whole_v_now > 0e0
                        then ({{ log_mean('whole_v_now', 'whole_v_base') | indent(24) }})
                            / nullif({{ log_mean('whole_now', 'whole_base') | indent(28) }}, 0e0)
                end as revenue_per_unit
            from weighed
            where whole_base is not null and whole_now is not null

        ),

        effects as (

            select
                *,
                case effect
                    when 'volume' then volume_effect
                    when 'rate' then rate_effect
                    when 'mix' then mix_effect
                    else unattributed_effect
                end as movement
            from moved
            inner join (
                select 'volume' as effect, false as of_ratio
                union all
                select 'rate' as effect, true as of_ratio
                union all
                select 'mix' as effect, true as of_ratio
                union all
                select 'unattributed' as effect, true as of_ratio
            ) as told
                on moved.is_ratio = told.of_ratio

        )

        select
            {%- for key in keys %}
            {{ key }},
            {%- endfor %}
            metric,
            effect,
            value_base,
            value_now,
            share_base,
            share_now,
            whole_base,
            whole_now,
            movement,
            movement * revenue_per_unit as revenue_movement
        from effects
        where movement <> 0 or effect <> 'unattributed'
    ) as movements
{%- endmacro %}
