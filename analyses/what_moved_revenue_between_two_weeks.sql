-- What moved revenue between two weeks, by surface and factor?
-- Contributions add up to each surface's change and, over surfaces, to the whole's. Change the
-- dates, the dimension or the identity: any two periods of any additive components will do.
{%- set identity = 'five_factor' %}
{%- set declared = var('identities')[identity] %}
with segments as (

    select *
    from {{ ref('revenue_daily_by_segment') }}
    where dimension = 'surface'

),

weeks as (

    {{ two_periods(
        'segments',
        quantities_of(declared),
        base="requested_on between date '2026-11-02' and date '2026-11-08'",
        now="requested_on between date '2026-11-09' and date '2026-11-15'",
        keys=['dimension_value'],
    ) | indent(4) }}

),

pairs as (

    select
        *,
        sum(requests_base) over () as requests_whole_base,
        sum(requests_now) over () as requests_whole_now
    from weeks

),

contributions as (

    {{ factor_contributions(identity, declared, 'pairs', ['dimension_value']) | indent(4) }}

),

largest_first as (

    select
        dimension_value as surface,
        factor,
        effect,
        contribution,
        slice_status
    from contributions
    order by abs(contribution) desc, surface asc, factor asc, effect asc

)

select * from largest_first
