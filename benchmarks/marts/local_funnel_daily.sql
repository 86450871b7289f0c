{% from '_slices.sql' import of_users, slice with context %}
-- Grain: one row per day and region of the local surface, and one per day for all regions.
with users_of_regions as (
    {{ of_users(['requested_on', 'region_code'], "surface = 'local'") }}
)
{{ slice('users_of_regions', ['requested_on', 'region_code']) }}
union all
{{ slice(
    "(select u.*, '(all)' as any_region from users_of_regions as u) as every_region",
    ['requested_on', 'any_region'],
) }}
