-- Regions, campaigns, creatives and advertisers that accepted events name stand in their
-- reference table. Warns: nothing drops out of a total for want of a description. A table that is
-- not given at all has no rows to miss.
{{ config(severity='warn') }}
with used_keys as (

    select distinct
        'region' as subject,
        region_code as subject_key
    from {{ of_tested_days(ref('fct_requests'), 'requested_on') }}
    where region_code <> '(unknown)'
    union all
    select distinct
        'campaign' as subject,
        campaign_id as subject_key
    from {{ of_tested_days(ref('fct_impressions'), 'requested_on') }}
    where campaign_id is not null
    union all
    select distinct
        'creative' as subject,
        creative_id as subject_key
    from {{ of_tested_days(ref('fct_impressions'), 'requested_on') }}
    where creative_id is not null
    union all
    select distinct
        'advertiser' as subject,
        advertiser_id as subject_key
    from {{ of_tested_days(ref('fct_charges'), 'requested_on') }}

),

listed_keys as (

    select
        'region' as subject,
        region_code as subject_key
    from {{ ref('dim_regions') }}
    union all
    select
        'campaign' as subject,
        campaign_id as subject_key
    from {{ ref('dim_campaigns') }}
    union all
    select
        'creative' as subject,
        creative_id as subject_key
    from {{ ref('dim_creatives') }}
    union all
    select
        'advertiser' as subject,
        advertiser_id as subject_key
    from {{ ref('dim_advertisers') }}
    where is_listed

),

given_tables as (

    select distinct subject from listed_keys

)

select used_keys.*
from used_keys
inner join given_tables on used_keys.subject = given_tables.subject
left join listed_keys
    on
        used_keys.subject = listed_keys.subject
        and used_keys.subject_key = listed_keys.subject_key
where listed_keys.subject_key is null
