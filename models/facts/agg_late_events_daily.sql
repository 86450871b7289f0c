-- Grain: one row per event day and event table with rows that arrived later than the lookback
-- covers.
-- Additive: late_rows and late_amount_micros. Not additive: most_days_late (a maximum).
-- Only accepted rows count as late: what is quarantined is missing for another reason.
with
{%- for table in event_tables() %}
{{ table }} as (

    select
        '{{ table }}' as event_table,
        {{ reporting_day(event_moment(table)) }} as event_on,
        {{ days_between(
            reporting_day(event_moment(table)), reporting_day('ingested_at')
        ) }} as days_late,
        {% if table == 'charges' -%}
        amount_in_reporting_micros
        {%- else -%}
        cast(null as bigint) as amount_in_reporting_micros
        {%- endif %}
    from {{ ref('int_events__' ~ table ~ '_accepted') }}

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

late as (

    select
        event_on,
        event_table,
        count(*) as late_rows,
        cast(max(days_late) as bigint) as most_days_late,
        cast(sum(amount_in_reporting_micros) as decimal(38, 0)) as late_amount_micros
    from combined
    where days_late > {{ var('lookback_days') }}
    group by event_on, event_table

)

select * from late
