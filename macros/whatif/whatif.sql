{#- What revenue would be if factors of an identity were others: the question that is asked of a plan. -#}

{#- Refuses a question that the identity cannot answer, and says what to ask instead. -#}
{% macro check_whatif(changes, identity, first_day, last_day) %}
    {% set declared = var('identities').get(identity) %}
    {% set of_revenue = [] %}
    {% for name, other in var('identities').items() if other.result == 'revenue' %}
        {% do of_revenue.append(name) %}
    {% endfor %}
    {% if not declared or declared.result != 'revenue' %}
        {{ exceptions.raise_compiler_error(
            (identity ~ ' is an identity of ' ~ declared.result ~ ', not of revenue.' if declared
             else 'No identity "' ~ identity ~ '" is declared.')
            ~ ' Write --identity with one of ' ~ of_revenue | join(', ') ~ '.'
        ) }}
    {% endif %}
    {% set factors = named_factors(declared) %}
    {% if not changes %}
        {{ exceptions.raise_compiler_error(
            'Nothing is changed. Write --set with a factor and a change, such as --set ' ~ factors[-1] ~ '=+5%.'
        ) }}
    {% endif %}
    {% for name in changes if name not in factors %}
        {% set others = [] %}
        {% for other in of_revenue if name in named_factors(var('identities')[other]) %}
            {% do others.append(other) %}
        {% endfor %}
        {{ exceptions.raise_compiler_error(
            (name ~ ' is no factor of the identity ' ~ identity ~ '. Write --identity with one that has it: '
             ~ others | join(', ') ~ '; or --set with one of ' if others
             else 'No identity of revenue has a factor "' ~ name ~ '". Write --set with one of ')
            ~ factors | join(', ') ~ '.'
        ) }}
    {% endfor %}
    {% for name, multiplier in changes.items() if multiplier | float <= 0 %}
        {{ exceptions.raise_compiler_error(
            'A factor cannot fall by 100 % or more: ' ~ name ~ ' would be 0 or less, and nothing would be left '
            ~ 'of revenue. Write a change above -100%.'
        ) }}
    {% endfor %}
    {% set counted = distinct_quantities_of(declared) %}
    {% if counted and first_day != last_day %}
        {% set summed = [] %}
        {% for other in of_revenue if not distinct_quantities_of(var('identities')[other]) %}
            {% do summed.append(other) %}
        {% endfor %}
        {{ exceptions.raise_compiler_error(
            identity ~ ' counts ' ~ counted[0] ~ ', which no sum over days gives: who came on two days is one. '
            ~ 'Write --from and --to with one and the same day, or --identity with one of '
            ~ summed | join(', ') ~ '.'
        ) }}
    {% endif %}
{% endmacro %}


{#- One row per slice and changed factor.

    `changes`    {factor: what it is multiplied by}, every other factor staying as it is
    `relation`   daily rows with the components, of which those that meet `condition` are summed up over the
                 days for each value of the expression `slice`
    `elasticities`  a relation like the mart factor_elasticities, or none; `dimension` is what the slices
                 are of there

    Where every factor has a value, revenue is multiplied as they are; in another slice the identity says
    nothing: its revenue stays, and `reason` says why. The contributions of a slice's factors are those of
    LMDI and add up to its change to the micro-unit, so that slices and factors can be summed either way. The
    adjusted figures let each factor that is not changed move as it moved with the changed ones over the
    history, where that association is firm and the change within what was seen. -#}
{% macro whatif(
    changes, identity, relation, slice, condition, first_day, last_day, dimension="'(all)'", elasticities=none
) -%}
{%- do check_whatif(changes, identity, first_day, last_day) -%}
{%- set declared = var('identities')[identity] -%}
{%- set quantities = quantities_of(declared) -%}
{%- set counts = quantities | reject('in', money_components()) | list -%}
{%- set power = {} -%}
{%- for quantity in declared.factors if factor_of(quantity).name is not none -%}
    {%- do power.update({factor_of(quantity).name: -1 if factor_of(quantity).divide else 1}) -%}
{%- endfor -%}
{%- set product = [] -%}
{%- for name, multiplier in changes.items() -%}
    {%- do product.append(('1e0 / ' if power[name] < 0 else '') ~ 'cast(' ~ multiplier ~ ' as double)') -%}
{%- endfor -%}
with sums as (

    select
        {{ slice }} as slice,
        count(*) as days,
        {%- for name in counts %}
        sum({{ name }}) as {{ name }},
        {%- endfor %}
        {%- for name in quantities if name not in counts and name != 'revenue' %}
        cast(sum({{ name }}) as decimal(38, 6)) as {{ name }},
        {%- endfor %}
        cast(sum(revenue) as decimal(38, 6)) as revenue
    from {{ relation }}
    where
        {{ condition }}
        and requested_on between date '{{ first_day }}' and date '{{ last_day }}'
    group by 1

),

factors as (

    select
        slice,
        days,
        revenue as revenue_base,
        {%- for name in named_factors(declared) %}
        {{ value_of(name) | indent(4) }} as base_of_{{ name }},
        {%- endfor %}
        nullif(
            concat_ws(
                '; '
                {%- for name in named_factors(declared) %},
                case
                    when ({{ value_of(name) | indent(16) }}) is null
                        then '{{ name }} has no value: {{ components_of(name)[-1] }} is 0'
                end
                {%- endfor %}
            ),
            ''
        ) as reason
    from sums

),

multiplied as (

    select
        *,
        case
            when reason is not null then revenue_base
            else
                cast(
                    cast(revenue_base as decimal(23, 6))
                    * cast({{ product | join(' * ') }} as decimal(14, 10))
                    as decimal(38, 6)
                )
        end as revenue_changed
    from factors

),

averaged as (

    select
        *,
        {{ log_mean('v_changed', 'v_base') | indent(8) }} as average_revenue
    from (
        select
            *,
            cast(revenue_base as double) as v_base,
            cast(revenue_changed as double) as v_changed
        from multiplied
    ) as slices

),

changed as (
    {% for name, multiplier in changes.items() %}
    select
        slice,
        days,
        reason,
        revenue_base,
        revenue_changed,
        {{ loop.index }} as place,
        '{{ name }}' as factor,
        cast({{ multiplier }} as double) as multiplier,
        base_of_{{ name }} as factor_base,
        base_of_{{ name }} * cast({{ multiplier }} as double) as factor_changed,
        {%- for bound in ['at_least', 'at_most'] %}
        cast({{ var('metrics').get(name, {}).get(bound, 'null') }} as double) as {{ bound }},
        {%- endfor %}
        case when reason is null then {{ power[name] }} * average_revenue else 0e0 end
            as weight
    from averaged
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

logs as (

    select
        *,
        ln(case when multiplier > 0 then multiplier end) as log_multiplier
    from changed

),

shares as (

    select
        *,
        cast(weight * log_multiplier as decimal(38, 6)) as rounded_share,
        abs(weight * log_multiplier) as size
    from logs

),

rounded as (

    select
        *,
        row_number() over (partition by slice order by size desc nulls last, place nulls last)
            as by_size
    from shares

),

contributed as (

    select
        *,
        rounded_share
        + case
            when by_size = 1
                then
                    revenue_changed - revenue_base
                    - sum(rounded_share) over (partition by slice)
            else cast(0 as decimal(38, 6))
        end as contribution
    from rounded

),

{% if elasticities %}
associated as (

    select
        contributed.slice,
        count(*) as associations,
        sum(
            {{ sign_of_responses(power, 'elasticities.response') }}
            * elasticities.elasticity * contributed.log_multiplier
        ) as moved,
        sqrt(sum(
            power(
                (elasticities.elasticity_high - elasticities.elasticity_low) / 2
                * contributed.log_multiplier,
                2
            )
        )) as give_or_take
    from contributed
    inner join {{ elasticities }} as elasticities
        on
            elasticities.dimension = {{ dimension }}
            and elasticities.dimension_value = contributed.slice
            and elasticities.driver = contributed.factor
    where
        {{ usable_in_whatif(changes, declared) | indent(8) }}
    group by contributed.slice

),
{% else %}
associated as (

    select
        slice,
        0 as associations,
        0e0 as moved,
        0e0 as give_or_take
    from contributed
    where 1 = 0

),
{% endif %}
adjusted as (

    select
        contributed.slice,
        contributed.days,
        contributed.reason,
        contributed.revenue_base,
        contributed.revenue_changed,
        contributed.factor,
        contributed.place,
        contributed.factor_base,
        contributed.factor_changed,
        contributed.at_least,
        contributed.at_most,
        contributed.contribution,
        {%- for name, half in {'': 0, '_low': -1, '_high': 1}.items() %}
        case
            when contributed.reason is null and associated.associations > 0
                then cast(
                    cast(contributed.revenue_changed as double)
                    * exp(
                        associated.moved
                        + {{ half }}
                        * sign(cast(contributed.revenue_changed as double)) * associated.give_or_take
                    ) as decimal(38, 6)
                )
        end as revenue_adjusted{{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from contributed
    left join associated on contributed.slice = associated.slice

)

select * from adjusted order by revenue_base desc, slice, place
{%- endmacro %}


{#- An association counts beside a plan where it is firm, is of a factor that the plan leaves alone, and the
    change lies within what the history saw of the driver. -#}
{% macro usable_in_whatif(changes, declared) -%}
    elasticities.is_identified
    and elasticities.response in ('{{ named_factors(declared) | join("', '") }}')
    and elasticities.response not in ('{{ changes | join("', '") }}')
    and (
        {%- for name, multiplier in changes.items() %}
        {{ 'or ' if not loop.first }}(
            elasticities.driver = '{{ name }}'
            and cast({{ multiplier }} as double) - 1
            between elasticities.driver_fall and elasticities.driver_rise
        )
        {%- endfor %}
    )
{%- endmacro %}

{% macro sign_of_responses(power, response) -%}
    {%- set divisors = [] -%}
    {%- for name, sign in power.items() if sign < 0 -%}
        {%- do divisors.append("'" ~ name ~ "'") -%}
    {%- endfor -%}
    {{ 'case when ' ~ response ~ ' in (' ~ divisors | join(', ') ~ ') then -1 else 1 end' if divisors else 1 }}
{%- endmacro %}


{#- The associations between changed factors and those left alone in the slices of a dimension, firm or not:
    one row each, with the reason why it is not used beside the plan. -#}
{% macro whatif_associations(changes, identity, elasticities, dimension, slices) -%}
{%- set declared = var('identities')[identity] -%}
with asked as (

    select
        elasticities.*,
        {{ usable_in_whatif(changes, declared) | indent(8) }} as is_used
    from {{ elasticities }} as elasticities
    where
        elasticities.dimension = {{ dimension }}
        and elasticities.dimension_value in ({{ slices }})
        and elasticities.driver in ('{{ changes | join("', '") }}')
        and elasticities.response in ('{{ named_factors(declared) | join("', '") }}')
        and elasticities.response not in ('{{ changes | join("', '") }}')

),

told as (

    select
        dimension_value as slice,
        driver,
        response,
        elasticity,
        elasticity_low,
        elasticity_high,
        n,
        r_squared,
        is_used,
        case
            when not is_used
                then coalesce(reason, 'the change is beyond what the history saw of ' || driver)
        end as reason
    from asked

)

select * from told order by slice, driver, response
{%- endmacro %}
