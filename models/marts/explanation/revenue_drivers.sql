-- Grain: one row per comparison, period, slice, identity, factor and effect.
-- Additive: contribution, over the factors and effects of one identity (to the change of its
-- result) and, where the result is revenue, over the values of one dimension (to the whole's
-- change). Never over identities, dimensions, comparisons or periods: each tells the change anew.
-- LMDI, since it tells the same of a factor in each identity that it stands in, leaves no residual
-- and adds up over slices; what has no logarithm goes by the rules named in `method`.
{%- set levels = ['net_income', 'pretax_income', 'ebit', 'sales', 'assets', 'equity'] %}
{%- set keys = [
    'comparison', 'period', 'period_starts_on', 'base_starts_on', 'is_to_date', 'days_base', 'days_now',
    'dimension', 'dimension_value',
] %}
with pairs as (

    select * from {{ ref('agg_periods_compared') }}

),

statements as (

    select * from {{ ref('finance_quarterly') }}

),

quarters as (

    {{ both_periods(
        'statements', 'quarter_starts_on', comparisons_over('finance'), ['currency'] + levels
    ) | indent(4) }}

),

quarter_sums as (

    select
        comparison,
        period,
        period_starts_on,
        base_starts_on,
        currency,
        {{- pair_columns(levels) | indent(4) }}
    from quarters
    group by comparison, period, period_starts_on, base_starts_on, currency
    having bool_or(is_now) and bool_or(not is_now)

),

quarter_pairs as (

    select
        *,
        false as is_to_date,
        {{ days_between('base_starts_on', periods_later('quarter', 'base_starts_on', 1)) }}
            as days_base,
        {{ days_between('period_starts_on', periods_later('quarter', 'period_starts_on', 1)) }}
            as days_now,
        'currency' as dimension,
        currency as dimension_value
    from quarter_sums

),

contributions as (

    {#- Distinct counts are those of a day. -#}
    {%- set days = "(select * from pairs where period = 'day') as days" %}
    {%- set asked = [] %}
    {%- for identity in first_when_linted(identities_over('funnel')) %}
    {%- set declared = var('identities')[identity] %}
    {%- do asked.append({
        'identity': identity, 'declared': declared,
        'relation': days if distinct_quantities_of(declared) else 'pairs',
    }) %}
    {%- endfor %}
    {%- for identity in identities_over('finance') %}
    {%- do asked.append({
        'identity': identity, 'declared': var('identities')[identity], 'relation': 'quarter_pairs',
    }) %}
    {%- endfor %}
    {{ contributions_of(asked, keys) | indent(4) }}

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
