-- Before refunds no click has a price below 0: a slice of revenue_daily with a negative ACP, or
-- with negative revenue at all, holds a refund among its charges.
with refunds as (

    select
        requested_on,
        surface
    from {{ ref('fct_charges') }}
    where is_refund
    union
    select
        requested_on,
        '(all)' as surface
    from {{ ref('fct_charges') }}
    where is_refund

)

select
    slices.requested_on,
    slices.surface,
    slices.revenue,
    slices.acp
from {{ ref('revenue_daily') }} as slices
left join refunds
    on
        slices.requested_on = refunds.requested_on
        and slices.surface = refunds.surface
where
    refunds.requested_on is null
    and (slices.acp < 0 or slices.revenue < 0)
