-- Before refunds no click has a price below 0: a slice of revenue_daily with a negative ACP, or
-- with negative revenue at all, holds a refund among its charges.
with refunds as (

    select
        requested_on,
        surface
    from {{ of_tested_days(ref('fct_charges'), 'requested_on') }}
    where is_refund
    union
    select
        requested_on,
        '(all)' as surface
    from {{ of_tested_days(ref('fct_charges'), 'requested_on') }}
    where is_refund

)

select
    slices.requested_on,
    slices.surface,
    slices.revenue,
    slices.acp
from {{ of_tested_days(ref('revenue_daily'), 'requested_on') }} as slices
left join refunds
    on
        slices.requested_on = refunds.requested_on
        and slices.surface = refunds.surface
where
    refunds.requested_on is null
    and (slices.acp < 0 or slices.revenue < 0)
