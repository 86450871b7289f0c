-- For each day of requests, in the reporting currency and to the micro-unit:
--   fct_charges = fct_impressions = fct_requests = agg_funnel_daily = revenue_daily
--     = the surfaces of revenue_daily = advertiser_daily = the request basis of reconciliation_daily.
-- A day that one of them lacks counts as 0 there: a day without a charge has no row in some of them.
-- No tolerance: every term is a sum of whole micro-units.
{%- set micros = 'cast(0.000001 as decimal(6, 6))' %}
with amounts as (

    select
        requested_on,
        'fct_charges' as place,
        revenue_micros * {{ micros }} as revenue
    from {{ ref('fct_charges') }}
    union all
    select
        requested_on,
        'fct_impressions' as place,
        cast(revenue_micros as decimal(31, 0)) * {{ micros }} as revenue
    from {{ ref('fct_impressions') }}
    union all
    select
        requested_on,
        'fct_requests' as place,
        cast(revenue_micros as decimal(31, 0)) * {{ micros }} as revenue
    from {{ ref('fct_requests') }}
    union all
    select
        requested_on,
        'agg_funnel_daily' as place,
        cast(revenue_micros as decimal(31, 0)) * {{ micros }} as revenue
    from {{ ref('agg_funnel_daily') }}
    union all
    select
        requested_on,
        case when surface = '(all)' then 'revenue_daily' else 'surfaces' end as place,
        revenue
    from {{ ref('revenue_daily') }}
    union all
    select
        requested_on,
        'advertiser_daily' as place,
        revenue
    from {{ ref('advertiser_daily') }}
    union all
    select
        reported_on as requested_on,
        'reconciliation_daily' as place,
        request_basis_revenue as revenue
    from {{ ref('reconciliation_daily') }}

),

totals as (

    select
        requested_on,
        {%- for place in [
            'fct_charges', 'fct_impressions', 'fct_requests', 'agg_funnel_daily', 'revenue_daily',
            'surfaces', 'advertiser_daily', 'reconciliation_daily',
        ] %}
        coalesce(sum(revenue) filter (where place = '{{ place }}'), 0) as {{ place }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from amounts
    group by requested_on

)

select * from totals
where
    (
        fct_charges = fct_impressions
        and fct_charges = fct_requests
        and fct_charges = agg_funnel_daily
        and fct_charges = revenue_daily
        and fct_charges = surfaces
        and fct_charges = advertiser_daily
        and fct_charges = reconciliation_daily
    ) is not true
