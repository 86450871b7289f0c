-- For the whole of each day and each surface of it, every distinct count of revenue_daily is what
-- a count over the requests and charges themselves gives. A sum over surfaces would count a user
-- of two surfaces twice, and so fail here.
with requests as (

    select
        *,
        surface as shown_surface
    from {{ of_tested_days(ref('fct_requests'), 'requested_on') }}
    union all
    select
        *,
        '(all)' as shown_surface
    from {{ of_tested_days(ref('fct_requests'), 'requested_on') }}

),

charges as (

    select
        requested_on,
        surface,
        advertiser_id
    from {{ of_tested_days(ref('fct_charges'), 'requested_on') }}
    union all
    select
        requested_on,
        '(all)' as surface,
        advertiser_id
    from {{ of_tested_days(ref('fct_charges'), 'requested_on') }}

),

advertisers as (

    select
        requested_on,
        surface,
        count(distinct advertiser_id) as active_advertisers
    from charges
    group by requested_on, surface

),

users as (

    select
        requested_on,
        shown_surface as surface,
        count(distinct user_id) as users,
        count(distinct case when ad_impressions > 0 then user_id end) as ad_users,
        count(distinct case when clicks > 0 then user_id end) as clicking_users,
        count(distinct case when ad_clicks > 0 then user_id end) as ad_clicking_users,
        count(distinct case when detail_views > 0 then user_id end) as detail_view_users,
        count(distinct case when actions > 0 then user_id end) as acting_users
    from requests
    group by requested_on, shown_surface

),

recounted as (

    select
        users.*,
        coalesce(advertisers.active_advertisers, 0) as active_advertisers
    from users
    left join advertisers
        on
            users.requested_on = advertisers.requested_on
            and users.surface = advertisers.surface

)

select
    coalesce(shown.requested_on, recounted.requested_on) as requested_on,
    coalesce(shown.surface, recounted.surface) as surface
from {{ of_tested_days(ref('revenue_daily'), 'requested_on') }} as shown
full outer join recounted
    on
        shown.requested_on = recounted.requested_on
        and shown.surface = recounted.surface
where
    shown.surface is null
    {%- for name in distinct_counts() %}
    or (shown.{{ name }} = recounted.{{ name }}) is not true
    {%- endfor %}
