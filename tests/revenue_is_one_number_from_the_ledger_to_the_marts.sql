-- For each day of requests, in the reporting currency and to the micro-unit:
--   fct_charges = fct_impressions = fct_requests = agg_funnel_daily = revenue_daily
--     = its surfaces = advertiser_daily = the request basis of reconciliation_daily.
-- A day that one of them lacks counts as 0 there: a day without a charge has no row in some of
-- them. No tolerance: every term is a sum of whole micro-units.
with amounts as (

    select
        requested_on,
        'fct_charges' as place,
        {{ micros_to_units('revenue_micros') }} as revenue
    from {{ of_tested_days(ref('fct_charges'), 'requested_on') }}
    union all
    select
        requested_on,
        'fct_impressions' as place,
        {{ micros_to_units('revenue_micros') }} as revenue
    from {{ of_tested_days(ref('fct_impressions'), 'requested_on') }}
    union all
    select
        requested_on,
        'fct_requests' as place,
        {{ micros_to_units('revenue_micros') }} as revenue
    from {{ of_tested_days(ref('fct_requests'), 'requested_on') }}
    union all
    select
        requested_on,
        'agg_funnel_daily' as place,
        {{ micros_to_units('revenue_micros') }} as revenue
    from {{ of_tested_days(ref('agg_funnel_daily'), 'requested_on') }}
    union all
    select
        requested_on,
        case when surface = '(all)' then 'revenue_daily' else 'surfaces' end as place,
        revenue
    from {{ of_tested_days(ref('revenue_daily'), 'requested_on') }}
    union all
    select
        requested_on,
        'advertiser_daily' as place,
        revenue
    from {{ of_tested_days(ref('advertiser_daily'), 'requested_on') }}
    union all
    select
        reported_on as requested_on,
        'reconciliation_daily' as place,
        request_basis_revenue as revenue
    from {{ of_tested_days(
        ref('reconciliation_daily'), 'reported_on', days_of='requested_on'
    ) }}

),

places as (

    select distinct place from amounts

),

days as (

    select distinct requested_on from amounts

),

totals as (

    select
        days.requested_on,
        places.place,
        coalesce(sum(amounts.revenue), 0) as revenue
    from days
    cross join places
    left join amounts
        on
            days.requested_on = amounts.requested_on
            and places.place = amounts.place
    group by days.requested_on, places.place

)

select
    requested_on,
    min(revenue) as least_revenue,
    max(revenue) as greatest_revenue
from totals
group by requested_on
having (min(revenue) = max(revenue)) is not true
