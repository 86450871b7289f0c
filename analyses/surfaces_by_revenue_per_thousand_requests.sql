-- Which surfaces earn most per thousand requests, and why?
-- CPM1 = 1000 · PVR · ASN · CTR2 · ACP, so the logarithm of a surface's CPM1 over that of the whole
-- is the sum of the same for each factor: the *_share columns say how much of the lead each one
-- explains, and add up to 1.
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
    group by surface

),

rated as (

    select
        surface,
        requests,
        revenue,
        {{- metric_columns(['cpm1', 'pvr', 'asn', 'ctr2', 'acp']) | indent(4) }}
    from surfaces

),

whole as (

    select *
    from rated
    where surface = '(all)'

),

explained as (

    select
        rated.surface,
        rated.cpm1,
        ln(rated.pvr / whole.pvr) / nullif(ln(rated.cpm1 / whole.cpm1), 0) as pvr_share,
        ln(rated.asn / whole.asn) / nullif(ln(rated.cpm1 / whole.cpm1), 0) as asn_share,
        ln(rated.ctr2 / whole.ctr2) / nullif(ln(rated.cpm1 / whole.cpm1), 0) as ctr2_share,
        ln(rated.acp / whole.acp) / nullif(ln(rated.cpm1 / whole.cpm1), 0) as acp_share,
        rated.cpm1 / whole.cpm1 as cpm1_against_whole,
        rated.requests,
        rated.revenue,
        rated.pvr,
        rated.asn,
        rated.ctr2,
        rated.acp
    from rated
    cross join whole
    where rated.surface <> '(all)' and rated.cpm1 > 0 and rated.acp > 0

)

select * from explained
order by cpm1 desc
