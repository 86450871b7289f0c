-- For each reporting dimension, day and additive component:
--   sum over the values of the dimension in revenue_daily_by_segment = revenue_daily, surface '(all)'.
-- Made from the variable `dimensions`: a dimension that a user adds is held to it too. No tolerance.
{%- set components = served_components() %}
with total as (

    select * from {{ ref('revenue_daily') }} where surface = '(all)'

),

dimensions as (
{% for dimension in var('dimensions') %}
    select '{{ dimension }}' as dimension
    {%- if not loop.last %}
    union all
    {%- endif %}
{%- endfor %}

),

expected as (

    select
        dimensions.dimension,
        total.*
    from total
    cross join dimensions

),

summed as (

    select
        dimension,
        requested_on,
        {%- for component in components %}
        sum({{ component }}) as {{ component }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('revenue_daily_by_segment') }}
    group by dimension, requested_on

)

select
    coalesce(expected.dimension, summed.dimension) as dimension,
    coalesce(expected.requested_on, summed.requested_on) as requested_on,
    {%- for component in components %}
    expected.{{ component }} - summed.{{ component }} as {{ component }}_difference
    {{- ',' if not loop.last }}
    {%- endfor %}
from expected
full outer join summed
    on
        expected.dimension = summed.dimension
        and expected.requested_on = summed.requested_on
where
    false
    {%- for component in components %}
    or (expected.{{ component }} = summed.{{ component }}) is not true
    {%- endfor %}
