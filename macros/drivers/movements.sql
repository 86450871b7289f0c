{#- How a ratio of a whole moved: within its slices (rate) and by what they weigh (mix). -#}

{#- Metrics of which a whole's is made of its slices': ratios of additive components. -#}
{% macro metrics_of_components() %}
    {% set names = [] %}
    {% for name in served_metrics() %}
        {% set declared = var('metrics')[name] %}
        {% if [declared.numerator, declared.denominator, declared.minus or declared.numerator]
            | reject('in', served_components()) | list == [] %}
            {% do names.append(name) %}
        {% endif %}
    {% endfor %}
    {{ return(names) }}
{% endmacro %}


{#- Names of the factors that make revenue: those that multiply in an identity whose result it is. -#}
{% macro factors_of_revenue() %}
    {% set names = [] %}
    {% for declared in var('identities').values() if declared.result == 'revenue' %}
        {% for quantity in declared.factors if not factor_of(quantity).divide %}
            {% do names.append(factor_of(quantity).name) %}
        {% endfor %}
    {% endfor %}
    {{ return(names) }}
{% endmacro %}


{#- One row per pair and effect of a metric, or of a quantity (effect 'volume'): `relation` as in
    factor_contributions, `within` those of its `keys` that name the whole which its slices make up.

    Kitagawa, with both periods' mean as reference: rate is the slice's mean weight times how its ratio moved,
    mix how far its ratio stands from the whole's times how its weight moved. Over the slices both add up to
    the movement of the whole's ratio. A slice that has no ratio in one period is taken to have had the
    other's: what came or went is all mix. What a slice has over nothing (revenue with no click) has no ratio;
    its part in the whole's is a row of its own, effect 'unattributed'. -#}
{% macro movements_of(name, relation, keys, within) -%}
    {%- set declared = var('metrics').get(name) -%}
    {%- set is_factor = name in factors_of_revenue() -%}
    {%- set told = ['rate', 'mix', 'unattributed'] if declared else ['volume'] -%}
    select * from (
        with sums as (

            select
                {%- for key in keys %}
                {{ key }},
                {%- endfor %}
                {%- for period in ['base', 'now'] %}
                {%- if declared %}
                {{ declared.get('scale', 1) }} * cast(
                    {{ declared.numerator }}_{{ period }}
                    {{- (' - ' ~ declared.minus ~ '_' ~ period) if declared.minus }} as double
                ) as n_{{ period }},
                cast({{ declared.denominator }}_{{ period }} as double) as d_{{ period }},
                {%- else %}
                cast({{ name }}_{{ period }} as double) as n_{{ period }},
                {%- endif %}
                cast(revenue_{{ period }} as double) as v_{{ period }}{{ ',' if not loop.last }}
                {%- endfor %}
            from {{ relation }}

        ),

        wholes as (

            select
                *,
                {%- for sum in ['n', 'd', 'v'] if declared or sum != 'd' %}
                {%- for period in ['base', 'now'] %}
                sum({{ sum }}_{{ period }}) over (
                    partition by {{ within | join(', ') }}
                ) as whole_{{ sum }}_{{ period }}{{ ',' if not loop.last }}
                {%- endfor %}
                {{- ',' if not loop.last }}
                {%- endfor %}
            from sums

        ),

        weighed as (

            select
                *,
                {%- if declared %}
                n_base / nullif(d_base, 0) as value_base,
                n_now / nullif(d_now, 0) as value_now,
                coalesce(n_base / nullif(d_base, 0), n_now / nullif(d_now, 0), 0e0) as r_base,
                coalesce(n_now / nullif(d_now, 0), n_base / nullif(d_base, 0), 0e0) as r_now,
                d_base / nullif(whole_d_base, 0) as share_base,
                d_now / nullif(whole_d_now, 0) as share_now,
                whole_n_base / nullif(whole_d_base, 0) as whole_base,
                whole_n_now / nullif(whole_d_now, 0) as whole_now
                {%- else %}
                n_base as value_base,
                n_now as value_now,
                n_base / nullif(whole_n_base, 0) as share_base,
                n_now / nullif(whole_n_now, 0) as share_now,
                whole_n_base as whole_base,
                whole_n_now as whole_now
                {%- endif %}
            from wholes

        ),

        moved as (

            select
                *,
                {%- if declared %}
                (share_base + share_now) / 2e0 * (r_now - r_base) as rate_effect,
                ((r_base + r_now) / 2e0 - (whole_base + whole_now) / 2e0)
                * (share_now - share_base) as mix_effect,
                case when d_now = 0 then n_now / whole_d_now else 0e0 end
                - case when d_base = 0 then n_base / whole_d_base else 0e0 end as unattributed_effect,
                {%- else %}
                value_now - value_base as volume_effect,
                {%- endif %}
                {%- if is_factor %}
                ({{ log_mean('whole_v_now', 'whole_v_base') | indent(16) }})
                / nullif({{ log_mean('whole_now', 'whole_base') | indent(16) }}, 0e0)
                {%- else %}
                cast(null as double)
                {%- endif %} as revenue_per_unit
            from weighed
            where whole_base is not null and whole_now is not null

        ),

        effects as (

            select
                *,
                case effect
                    {%- for effect in told %}
                    when '{{ effect }}' then {{ effect }}_effect
                    {%- endfor %}
                end as movement
            from moved
            cross join (
                {%- for effect in told %}
                select '{{ effect }}' as effect{{ ' union all' if not loop.last }}
                {%- endfor %}
            ) as told

        )

        select
            {%- for key in keys %}
            {{ key }},
            {%- endfor %}
            '{{ name }}' as metric,
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
    ) as movements_of_{{ name }}
{%- endmacro %}
