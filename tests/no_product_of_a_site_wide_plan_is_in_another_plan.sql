-- A site_wide plan promotes its product everywhere: a second plan for that product, of either
-- type, that runs on one of the same days would bid against it. A plan without an end runs on.
with plans as (

    select distinct
        creatives.product_id,
        campaigns.campaign_id,
        campaigns.promotion_type,
        coalesce(campaigns.starts_on, date '0001-01-01') as starts_on,
        coalesce(campaigns.ends_on, date '9999-12-31') as ends_on
    from {{ ref('dim_creatives') }} as creatives
    inner join {{ ref('dim_campaigns') }} as campaigns
        on creatives.campaign_id = campaigns.campaign_id
    where creatives.product_id is not null

),

conflicts as (

    select
        site_wide.product_id,
        site_wide.campaign_id as site_wide_campaign_id,
        other_plans.campaign_id as other_campaign_id,
        greatest(site_wide.starts_on, other_plans.starts_on) as both_run_from,
        least(site_wide.ends_on, other_plans.ends_on) as both_run_to
    from plans as site_wide
    inner join plans as other_plans
        on
            site_wide.product_id = other_plans.product_id
            and site_wide.campaign_id <> other_plans.campaign_id
            and site_wide.starts_on <= other_plans.ends_on
            and site_wide.ends_on >= other_plans.starts_on
    where site_wide.promotion_type = 'site_wide'

)

select * from conflicts
