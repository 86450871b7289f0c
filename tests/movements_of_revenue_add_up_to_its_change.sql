-- For each comparison, period, reporting dimension and identity of revenue whose factors are
-- requests and ratios of components: the revenue that its factors' movements made, over the values
-- of the dimension, rate, mix and volume together = the change of the whole's revenue, within 1e-9
-- of it. Where a factor of the whole has no value, or changes its sign, that is not defined.
{%- set bridged = [] %}
{%- for name, declared in var('identities').items() if declared.result == 'revenue' %}
{%- set factors = named_factors(declared) %}
{%- if factors | reject('in', ['requests'] + metrics_of_components()) | list == [] %}
{%- do bridged.append({'name': name, 'factors': factors}) %}
{%- endif %}
{%- endfor %}
with movements as (

    select * from {{ ref('ratio_movements') }}

),

drivers as (

    select
        comparison,
        period_starts_on,
        identity,
        max(result_base) as revenue_base,
        max(result_now) as revenue_now
    from {{ ref('revenue_drivers') }}
    where dimension = '(all)' and result = 'revenue'
    group by comparison, period_starts_on, identity

),

sums as (

    {%- for identity in bridged %}
    select
        comparison,
        period_starts_on,
        dimension,
        '{{ identity.name }}' as identity,
        sum(revenue_movement) as moved,
        count(distinct metric) as factors,
        bool_and(revenue_movement is not null) as is_defined
    from movements
    where {{ is_among('metric', identity.factors) | indent(4) }}
    group by comparison, period_starts_on, dimension
    having count(distinct metric) = {{ identity.factors | length }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}

),

unequal as (

    select
        sums.*,
        drivers.revenue_base,
        drivers.revenue_now
    from sums
    left join drivers
        on
            sums.comparison = drivers.comparison
            and sums.period_starts_on = drivers.period_starts_on
            and sums.identity = drivers.identity
    where
        sums.is_defined
        and (
            abs(sums.moved - cast(drivers.revenue_now - drivers.revenue_base as double))
            <= 1e-9 * cast(
                greatest(abs(drivers.revenue_base), abs(drivers.revenue_now), 1) as double
            )
        ) is not true

)

select * from unequal
