-- For each comparison, period, identity of revenue and reporting dimension:
--   sum of the contributions over the values of the dimension, all factors and effects together
--   = sum of the contributions of the whole = its change of revenue, to the micro-unit.
-- Factor by factor the two may differ: what the slices call mix is in the whole's ratios.
with drivers as (

    select *
    from {{ ref('revenue_drivers') }}
    where result = 'revenue'

),

of_slices as (

    select
        comparison,
        period_starts_on,
        identity,
        dimension,
        sum(contribution) as contribution
    from drivers
    where dimension <> '(all)'
    group by comparison, period_starts_on, identity, dimension

),

of_wholes as (

    select
        comparison,
        period_starts_on,
        identity,
        sum(contribution) as contribution
    from drivers
    where dimension = '(all)'
    group by comparison, period_starts_on, identity

),

compared as (

    select
        of_slices.dimension,
        of_slices.contribution,
        of_wholes.contribution as whole_contribution,
        coalesce(of_slices.comparison, of_wholes.comparison) as comparison,
        coalesce(of_slices.period_starts_on, of_wholes.period_starts_on) as period_starts_on,
        coalesce(of_slices.identity, of_wholes.identity) as identity
    from of_slices
    full outer join of_wholes
        on
            of_slices.comparison = of_wholes.comparison
            and of_slices.period_starts_on = of_wholes.period_starts_on
            and of_slices.identity = of_wholes.identity

),

unequal as (

    select *
    from compared
    where (contribution = whole_contribution) is not true

)

select * from unequal
