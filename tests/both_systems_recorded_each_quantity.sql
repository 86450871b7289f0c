-- Of each quantity that two systems record, both have at least one unit, or neither has. Warns: a
-- data set may lack a log for good reason, but then no gap can be seen.
{{ config(severity='warn') }}
select
    factor,
    sum(abs(first_entry)) as first_entry,
    sum(abs(second_entry)) as second_entry
from {{ ref('identity_status') }}
where gap_level is not null
group by factor
having (sum(abs(first_entry)) > 0) <> (sum(abs(second_entry)) > 0)
