-- Grain: one row per landed day, event table, event day and number of days that the rows came late.
-- Additive: accepted_rows and amount_micros. Not additive: days_late.
-- Only accepted rows count as late: what is quarantined is missing for another reason.
-- Counted by minute first, like agg_landings_daily.
{{ config(
    materialized='by_day', meta={'day': 'landed_on', 'follows': every_judged_log()}
) }}

with
{%- for table in event_tables() %}
{{ table }} as (

    select
        '{{ table }}' as event_table,
        landed_on,
        {{ minute_of(event_moment(table)) }} as event_minute,
        {{ minute_of('ingested_at') }} as arrival_minute,
        count(*) as accepted_rows,
        {% if table == 'charges' -%}
        cast(sum(amount_in_reporting_micros) as decimal(38, 0)) as amount_micros
        {%- else -%}
        cast(null as decimal(38, 0)) as amount_micros
        {%- endif %}
    from {{ ref('int_events__' ~ table ~ '_judged') }}
    where outcome = 'accepted' and {{ in_batch('landed_on') }}
    group by landed_on, event_minute, arrival_minute

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

dated as (

    select
        *,
        {{ reporting_day('event_minute') }} as event_on,
        {{ reporting_day('arrival_minute') }} as arrived_on
    from combined

),

summed as (

    select
        landed_on,
        event_table,
        event_on,
        {{ days_between('event_on', 'arrived_on') }} as days_late,
        cast(sum(accepted_rows) as bigint) as accepted_rows,
        cast(sum(amount_micros) as decimal(38, 0)) as amount_micros
    from dated
    group by landed_on, event_table, event_on, days_late

)

select * from summed
