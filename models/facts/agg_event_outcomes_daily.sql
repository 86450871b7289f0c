-- Grain: one row per event day and event table. Additive: every count.
-- raw_rows is counted from the staged log, the rest from the judged rows: what either side lacks
-- shows as a difference. event_on is the day of the event, or of its arrival where that is
-- unreadable.
with
{%- for table in event_tables() %}
{{ table }}_raw as (

    select
        '{{ table }}' as event_table,
        coalesce(
            {{ reporting_day(event_moment(table)) }}, {{ reporting_day('ingested_at') }}
        ) as event_on,
        count(*) as raw_rows
    from {{ staged(table) }}
    group by 1, 2

),

{{ table }}_judged as (

    select
        '{{ table }}' as event_table,
        coalesce(
            {{ reporting_day(event_moment(table)) }}, {{ reporting_day('ingested_at') }}
        ) as event_on,
        count(*) filter (where outcome = 'accepted') as accepted_rows,
        count(*) filter (where outcome = 'duplicate') as duplicate_rows,
        count(*) filter (where outcome = 'quarantined') as quarantined_rows
    from {{ ref('int_events__' ~ table ~ '_judged') }}
    group by 1, 2

),
{% endfor %}
combined as (
    {% for table in event_tables() %}
    select
        coalesce(delivered.event_on, judged.event_on) as event_on,
        coalesce(delivered.event_table, judged.event_table) as event_table,
        coalesce(delivered.raw_rows, 0) as raw_rows,
        coalesce(judged.accepted_rows, 0) as accepted_rows,
        coalesce(judged.duplicate_rows, 0) as duplicate_rows,
        coalesce(judged.quarantined_rows, 0) as quarantined_rows
    from {{ table }}_raw as delivered
    full outer join {{ table }}_judged as judged
        on delivered.event_on is not distinct from judged.event_on
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}

)

select * from combined
