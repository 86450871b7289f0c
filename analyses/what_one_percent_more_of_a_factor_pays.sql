-- Where does a one percent lift of a factor pay most?
-- Revenue is a product, so one percent more of any factor is one percent more revenue, the others
-- held still. What differs is what it takes: the units that one percent is, and what each of them
-- earns.
-- headroom_percent is how far the factor can rise before its bound (PVR and CTR2 stop at 1).
with days as (

    select * from {{ ref('revenue_daily') }}

),

surfaces as (

    select
        surface,
        sum(requests) as requests,
        sum(ad_requests) as ad_requests,
        sum(ad_impressions) as ad_impressions,
        sum(ad_clicks) as ad_clicks,
        sum(revenue) as revenue
    from days
    where surface <> '(all)'
    group by surface

),

rated as (

    select
        *,
        {{- metric_columns(['pvr', 'asn', 'ctr2', 'acp']) | indent(4) }}
    from surfaces

),

lifts as (

    select
        surface,
        'requests' as factor,
        cast(requests as double) as factor_value,
        0.01 * requests as units_needed,
        'requests' as unit,
        null as headroom_percent,
        revenue
    from rated
    union all
    select
        surface,
        'pvr' as factor,
        pvr as factor_value,
        0.01 * ad_requests as units_needed,
        'requests with an ad' as unit,
        100 * (1 / nullif(pvr, 0) - 1) as headroom_percent,
        revenue
    from rated
    union all
    select
        surface,
        'asn' as factor,
        asn as factor_value,
        0.01 * ad_impressions as units_needed,
        'ad impressions' as unit,
        null as headroom_percent,
        revenue
    from rated
    union all
    select
        surface,
        'ctr2' as factor,
        ctr2 as factor_value,
        0.01 * ad_clicks as units_needed,
        'ad clicks' as unit,
        100 * (1 / nullif(ctr2, 0) - 1) as headroom_percent,
        revenue
    from rated
    union all
    select
        surface,
        'acp' as factor,
        acp as factor_value,
        0.01 * acp as units_needed,
        '{{ var("reporting_currency") }} a click' as unit,
        null as headroom_percent,
        revenue
    from rated

),

paid as (

    select
        surface,
        factor,
        cast(0.01 * revenue as decimal(38, 6)) as revenue_from_one_percent,
        units_needed,
        unit,
        {{ ratio('0.01 * revenue', 'units_needed') }} as revenue_per_unit,
        factor_value,
        headroom_percent
    from lifts
    where factor_value > 0

)

select * from paid
order by revenue_from_one_percent desc, revenue_per_unit desc
