-- For each reporting dimension, day and additive component:
--   sum over the values of the dimension in revenue_daily_by_segment = revenue_daily, all surfaces.
-- Made from the variable `dimensions`: a dimension that a user adds is held to it too. Each value
-- of a dimension is a row of its own here, the total one of the opposite sign. No tolerance.
with signed as (

    select
        dimension,
        requested_on,
        1 as segments,
        {{ served_components() | join(',\n        ') }}
    from {{ ref('revenue_daily_by_segment') }}
    {%- for dimension in var('dimensions') %}
    union all
    select
        '{{ dimension }}' as dimension,
        requested_on,
        0 as segments,
        -{{ served_components() | join(',\n        -') }}
    from {{ ref('revenue_daily') }}
    where surface = '(all)'
    {%- endfor %}

),

balanced as (

    select
        dimension,
        requested_on,
        {%- for component in served_components() %}
        sum({{ component }}) as {{ component }},
        {%- endfor %}
        sum(segments) as segments
    from signed
    group by dimension, requested_on

)

select *
from balanced
where
    segments = 0
    {%- for component in served_components() %}
    or ({{ component }} = 0) is not true
    {%- endfor %}
