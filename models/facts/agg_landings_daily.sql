-- Grain: one row per landed day, event table and event day. Additive: every count.
-- raw_rows is counted from the staged log, the rest from the judged rows: what either side lacks
-- shows as a difference. event_on is the day of the event, or of its arrival where that is
-- unreadable. Rows are counted by minute first: to find the day of a time zone for each of them
-- would take longer than all the rest.
{{ config(
    materialized='by_day', meta={'day': 'landed_on', 'follows': every_judged_log()}
) }}

with
{%- for table in event_tables() %}
{%- set moment = 'coalesce(' ~ event_moment(table) ~ ', ingested_at)' %}
{{ table }}_raw_minutes as (

    select
        landed_on,
        {{ minute_of(moment) }} as event_minute,
        count(*) as raw_rows
    from {{ staged(table) }}
    where {{ in_batch('landed_on') }}
    group by landed_on, event_minute

),

{{ table }}_judged_minutes as (

    select
        landed_on,
        {{ minute_of(moment) }} as event_minute,
        count(*) filter (where outcome = 'accepted') as accepted_rows,
        count(*) filter (where outcome = 'duplicate') as duplicate_rows,
        count(*) filter (where outcome = 'quarantined') as quarantined_rows
    from {{ ref('int_events__' ~ table ~ '_judged') }}
    where {{ in_batch('landed_on') }}
    group by landed_on, event_minute

),

{{ table }} as (

    select
        '{{ table }}' as event_table,
        coalesce(delivered.landed_on, judged.landed_on) as landed_on,
        {{ reporting_day('coalesce(delivered.event_minute, judged.event_minute)') }} as event_on,
        coalesce(delivered.raw_rows, 0) as raw_rows,
        coalesce(judged.accepted_rows, 0) as accepted_rows,
        coalesce(judged.duplicate_rows, 0) as duplicate_rows,
        coalesce(judged.quarantined_rows, 0) as quarantined_rows
    from {{ table }}_raw_minutes as delivered
    full outer join {{ table }}_judged_minutes as judged
        on
            delivered.landed_on is not distinct from judged.landed_on
            and delivered.event_minute is not distinct from judged.event_minute

),
{% endfor %}
combined as (
    {% for table in event_tables() %}
    select * from {{ table }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}

),

summed as (

    select
        landed_on,
        event_on,
        event_table,
        cast(sum(raw_rows) as bigint) as raw_rows,
        cast(sum(accepted_rows) as bigint) as accepted_rows,
        cast(sum(duplicate_rows) as bigint) as duplicate_rows,
        cast(sum(quarantined_rows) as bigint) as quarantined_rows
    from combined
    group by landed_on, event_on, event_table

)

select * from summed
