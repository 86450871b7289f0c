-- Before refunds no click has a price below 0: a slice of revenue_daily with a negative ACP, or with
-- negative revenue at all, holds a refund among its charges.
with refunds as (

    select
        requested_on,
        unnest(['(all)', surface]) as surface
    from {{ ref('fct_charges') }}
    where is_refund

)

select slices.*
from {{ ref('revenue_daily') }} as slices
anti join refunds
    on slices.requested_on = refunds.requested_on and slices.surface = refunds.surface
where slices.acp < 0 or slices.revenue < 0
