-- No double entry parts by as much as fails, in any slice. A quantity of which one of the two
-- systems has not a single unit anywhere has no second entry to be held against: that log was not
-- fed, and both_systems_recorded_each_quantity says so. A gap that the log has by nature, declared
-- beside its staging models, does not fail.
{%- set by_nature = "'" ~ gaps_by_nature() | join("', '") ~ "'" %}
with entries as (

    select
        period_starts_on,
        dimension,
        dimension_value,
        identity,
        factor,
        first_entry,
        second_entry,
        gap_level
    from {{ ref('identity_status') }}
    where gap_level is not null

),

entered_twice as (

    select factor
    from entries
    group by factor
    having sum(abs(first_entry)) > 0 and sum(abs(second_entry)) > 0

),

failing as (

    select entries.*
    from entries
    inner join entered_twice on entries.factor = entered_twice.factor
    where
        entries.gap_level = 'fail'
        and entries.factor not in ({{ by_nature }})

)

select * from failing
