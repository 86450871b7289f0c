{% from '_slices.sql' import of_users, slice with context %}
-- Grain: one row per day and surface, and one per day for all of them.
with users_of_surfaces as (
    {{ of_users(['requested_on', 'surface']) }}
),
slices as (
    {{ slice('users_of_surfaces', ['requested_on', 'surface']) }}
    union all
    {{ slice(
        "(select u.*, '(all)' as any_surface from users_of_surfaces as u) as every_user",
        ['requested_on', 'any_surface'],
    ) }}
),
advertisers as (
    select requested_on, surface, count(distinct advertiser_id) as active_advertisers
    from charged
    group by requested_on, surface
    union all
    select requested_on, '(all)' as surface, count(distinct advertiser_id) as active_advertisers
    from charged
    group by requested_on
)
select slices.*, coalesce(advertisers.active_advertisers, 0) as active_advertisers
from slices
left join advertisers
    on slices.requested_on = advertisers.requested_on and slices.surface = advertisers.surface
