{% from '_slices.sql' import of_users, slice with context %}
-- Grain: one row per day, search surface and device type, and one per day and surface for all devices.
with users_of_devices as (
    {{ of_users(['requested_on', 'surface', 'device_type'], "surface = 'search'") }}
),
slices as (
    {{ slice('users_of_devices', ['requested_on', 'surface', 'device_type']) }}
    union all
    {{ slice(
        "(select u.*, '(all)' as any_device from users_of_devices as u) as every_device",
        ['requested_on', 'surface', 'any_device'],
    ) }}
),
advertisers as (
    select requested_on, device_type, count(distinct advertiser_id) as active_advertisers
    from charged
    where surface = 'search'
    group by requested_on, device_type
    union all
    select requested_on, '(all)' as device_type, count(distinct advertiser_id) as active_advertisers
    from charged
    where surface = 'search'
    group by requested_on
)
select slices.*, coalesce(advertisers.active_advertisers, 0) as active_advertisers
from slices
left join advertisers
    on
        slices.requested_on = advertisers.requested_on
        and slices.device_type = advertisers.device_type
