-- An impression and the campaign that it names belong to one advertiser. Warns: the marts follow
-- the impression, and a campaign that changed hands is listed under its last owner only.
{{ config(severity='warn') }}
select
    impressions.impression_id,
    impressions.campaign_id,
    impressions.advertiser_id,
    campaigns.advertiser_id as campaign_advertiser_id
from {{ of_tested_days(ref('fct_impressions'), 'requested_on') }} as impressions
inner join {{ ref('dim_campaigns') }} as campaigns
    on impressions.campaign_id = campaigns.campaign_id
where impressions.advertiser_id <> campaigns.advertiser_id
