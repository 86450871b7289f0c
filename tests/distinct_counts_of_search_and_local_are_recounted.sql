-- Every distinct count of search_metrics_daily and local_funnel_daily is what a count over the
-- requests and charges themselves gives, at the finest grain of the mart and at its totals.
with requests as (

    select * from {{ of_tested_days(ref('fct_requests'), 'requested_on') }}

),

charges as (

    select * from {{ of_tested_days(ref('fct_charges'), 'requested_on') }}

),

-- (surface, part) is (search surface, device_type) or (local, region_code).
searches as (

    select
        requested_on,
        surface,
        coalesce(device_type, '(all)') as part,
        count(distinct user_id) as users
    from requests
    where {{ surface_among('search_surfaces') }}
    group by requested_on, surface, rollup(device_type)

),

searched_advertisers as (

    select
        requested_on,
        surface,
        coalesce(device_type, '(all)') as part,
        count(distinct advertiser_id) as active_advertisers
    from charges
    where {{ surface_among('search_surfaces') }}
    group by requested_on, surface, rollup(device_type)

),

recounted as (

    select
        searches.requested_on,
        searches.surface,
        searches.part,
        searches.users,
        coalesce(searched_advertisers.active_advertisers, 0) as active_advertisers,
        0 as ad_users,
        0 as clicking_users,
        0 as ad_clicking_users,
        0 as detail_view_users,
        0 as acting_users
    from searches
    left join searched_advertisers
        on
            searches.requested_on = searched_advertisers.requested_on
            and searches.surface = searched_advertisers.surface
            and searches.part = searched_advertisers.part

    union all

    select
        requested_on,
        '(local)' as surface,
        coalesce(region_code, '(all)') as part,
        count(distinct user_id) as users,
        0 as active_advertisers,
        count(distinct case when ad_impressions > 0 then user_id end) as ad_users,
        count(distinct case when clicks > 0 then user_id end) as clicking_users,
        count(distinct case when ad_clicks > 0 then user_id end) as ad_clicking_users,
        count(distinct case when detail_views > 0 then user_id end) as detail_view_users,
        count(distinct case when actions > 0 then user_id end) as acting_users
    from requests
    where {{ surface_among('local_surfaces') }}
    group by requested_on, rollup(region_code)

),

shown as (

    select
        requested_on,
        surface,
        device_type as part,
        users,
        active_advertisers,
        0 as ad_users,
        0 as clicking_users,
        0 as ad_clicking_users,
        0 as detail_view_users,
        0 as acting_users
    from {{ of_tested_days(ref('search_metrics_daily'), 'requested_on') }}

    union all

    select
        requested_on,
        '(local)' as surface,
        region_code as part,
        users,
        0 as active_advertisers,
        ad_users,
        clicking_users,
        ad_clicking_users,
        detail_view_users,
        acting_users
    from {{ of_tested_days(ref('local_funnel_daily'), 'requested_on') }}

)

select
    coalesce(shown.requested_on, recounted.requested_on) as requested_on,
    coalesce(shown.surface, recounted.surface) as surface,
    coalesce(shown.part, recounted.part) as part
from shown
full outer join recounted
    on
        shown.requested_on = recounted.requested_on
        and shown.surface = recounted.surface
        and shown.part = recounted.part
where
    shown.surface is null
    {%- for name in distinct_counts() %}
    or (shown.{{ name }} = recounted.{{ name }}) is not true
    {%- endfor %}
