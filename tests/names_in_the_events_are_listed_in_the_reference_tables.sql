-- Regions, campaigns, creatives and advertisers that accepted events name stand in their reference
-- table. Warns: nothing drops out of a total for want of a description. A table that is not given at
-- all has no rows to miss.
{{ config(severity='warn') }}
with named as (

    select
        'region' as kind,
        region_code as name,
        count(*) as events
    from {{ ref('fct_requests') }}
    where region_code <> '(unknown)'
    group by region_code
    union all
    select
        'campaign' as kind,
        campaign_id as name,
        count(*) as events
    from {{ ref('fct_impressions') }}
    where campaign_id is not null
    group by campaign_id
    union all
    select
        'creative' as kind,
        creative_id as name,
        count(*) as events
    from {{ ref('fct_impressions') }}
    where creative_id is not null
    group by creative_id
    union all
    select
        'advertiser' as kind,
        advertiser_id as name,
        count(*) as events
    from {{ ref('fct_charges') }}
    group by advertiser_id

),

listed as (

    select
        'region' as kind,
        region_code as name
    from {{ ref('dim_regions') }}
    union all
    select
        'campaign' as kind,
        campaign_id as name
    from {{ ref('dim_campaigns') }}
    union all
    select
        'creative' as kind,
        creative_id as name
    from {{ ref('dim_creatives') }}
    union all
    select
        'advertiser' as kind,
        advertiser_id as name
    from {{ ref('dim_advertisers') }}
    where is_listed

)

select named.*
from named
anti join listed on named.kind = listed.kind and named.name = listed.name
where named.kind in (select listed.kind from listed)
