{% from '_slices.sql' import of_users, slice with context %}
-- Grain: one row per day, dimension and value of it.
with users_of_segments as (
    {{ of_users(['requested_on'] + dimensions) }}
),
slices as (
    {%- for dimension in dimensions %}
    {{ slice(
        "(select u.*, '" ~ dimension ~ "' as dimension, u." ~ dimension
        ~ " as dimension_value from users_of_segments as u) as one_dimension",
        ['requested_on', 'dimension', 'dimension_value'],
    ) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),
advertisers as (
    {%- for dimension in dimensions %}
    select
        requested_on,
        '{{ dimension }}' as dimension,
        {{ dimension }} as dimension_value,
        count(distinct advertiser_id) as active_advertisers
    from charged
    group by requested_on, {{ dimension }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)
select slices.*, coalesce(advertisers.active_advertisers, 0) as active_advertisers
from slices
left join advertisers
    on
        slices.requested_on = advertisers.requested_on
        and slices.dimension = advertisers.dimension
        and slices.dimension_value = advertisers.dimension_value
