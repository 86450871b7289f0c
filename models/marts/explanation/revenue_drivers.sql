-- Grain: one row per comparison, period, slice, identity, factor and effect.
-- Additive: contribution, over the factors and effects of one identity (to the change of its result) and,
-- where the result is revenue, over the values of one dimension (to those of the day's whole revenue).
-- Never over identities, dimensions, comparisons or periods: each is another telling of the same change.
-- Why before how: LMDI tells the same of a factor in each identity that it stands in, leaves no residual and
-- adds up over slices; what has no logarithm goes by the rules named in `method`.
{%- set levels = ['net_income', 'pretax_income', 'ebit', 'sales', 'assets', 'equity'] %}
{%- set keys = [
    'comparison', 'period', 'period_starts_on', 'base_starts_on', 'is_to_date', 'days_base', 'days_now',
    'dimension', 'dimension_value',
] %}
with pairs as (

    select * from {{ ref('agg_periods_compared') }}

),

days as (

    select *
    from pairs
    where period = 'day'

),

statements as (

    select * from {{ ref('fct_finance_statements') }}

),

quarters as (

    {%- for comparison, declared in comparisons_over('finance').items() %}
    {{ 'union all' if not loop.first }}
    {%- for start, is_now in [
        ('quarter_starts_on', true),
        (periods_later(declared.period, 'quarter_starts_on', declared.back), false),
    ] %}
    {{ 'union all' if not loop.first }}
    select
        '{{ comparison }}' as comparison,
        {{ start }} as period_starts_on,
        {{ periods_later(declared.period, start, -declared.back) }} as base_starts_on,
        {{ is_now }} as is_now,
        currency,
        {%- for name in levels %}
        {{ micros_to_units(name ~ '_micros') }} as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from statements
    {%- endfor %}
    {%- endfor %}

),

quarter_pairs as (

    select
        comparison,
        'quarter' as period,
        period_starts_on,
        base_starts_on,
        false as is_to_date,
        {{ days_between(
            'period_starts_on', periods_later('quarter', 'period_starts_on', 1)
        ) }} as days_now,
        {{ days_between(
            'base_starts_on', periods_later('quarter', 'base_starts_on', 1)
        ) }} as days_base,
        'currency' as dimension,
        currency as dimension_value,
        {{- pair_columns(levels) | indent(4) }}
    from quarters
    group by comparison, period_starts_on, base_starts_on, currency
    having bool_or(is_now) and bool_or(not is_now)

),

contributions as (

    {%- for identity in identities_over('funnel') %}
    {%- set declared = var('identities')[identity] %}
    {{ 'union all' if not loop.first }}
    {{ factor_contributions(
        identity, declared, 'days' if counts_distinct(declared) else 'pairs', keys
    ) | indent(4) }}
    {%- endfor %}
    {%- for identity in identities_over('finance') %}
    union all
    {{ factor_contributions(
        identity, var('identities')[identity], 'quarter_pairs', keys
    ) | indent(4) }}
    {%- endfor %}

),

named as (

    select
        comparison,
        period,
        period_starts_on,
        base_starts_on,
        is_to_date,
        cast(days_base as bigint) as days_base,
        cast(days_now as bigint) as days_now,
        dimension,
        dimension_value,
        identity,
        result,
        cast(position as bigint) as position,
        factor,
        effect,
        factor_base,
        factor_now,
        contribution,
        multiplier,
        result_base,
        result_now,
        method,
        slice_status
    from contributions

)

select * from named
