-- How far are ledger days and request days apart?
-- Money by the days between the request that led to a charge and the day charged: the reason why
-- the two bases differ on a day and agree over all time.
with charges as (

    select * from {{ ref('fct_charges') }}

),

lags as (

    select
        {{ days_between('requested_on', 'charged_on') }} as days_apart,
        is_refund,
        count(*) as charges,
        {{ micros_to_units('sum(revenue_micros)') }} as revenue
    from charges
    group by days_apart, is_refund

),

shared as (

    select
        days_apart,
        is_refund,
        charges,
        revenue,
        {{ ratio('revenue', 'sum(revenue) over (partition by is_refund)') }} as share_of_revenue,
        {{ ratio(
            'sum(revenue) over (partition by is_refund order by days_apart nulls last)',
            'sum(revenue) over (partition by is_refund)',
        ) }} as cumulative_share
    from lags

)

select * from shared
order by is_refund, days_apart
