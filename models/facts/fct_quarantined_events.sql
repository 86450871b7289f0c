-- Grain: one row per rejected row of a raw event table. Additive: row counts; amount_micros within
-- one currency. The row itself is kept whole, as JSON, so that it can be mended and fed again.
-- is_superseded: an accepted row bears the same key, so that nothing is held back by this one.
{{ config(
    materialized='by_day',
    meta={'day': 'landed_on', 'follows': every_judged_log(), 'neighbours': 1},
) }}

with
{%- for table in event_tables() %}
{%- set columns = event_columns(table) %}
{{ table }}_superseded as (

    select distinct
        judged.{{ columns[0] }} as event_key,
        judged.landed_on
    from {{ ref('int_events__' ~ table ~ '_judged') }} as judged
    inner join {{ ref('int_events__' ~ table ~ '_judged') }} as accepted
        on
            judged.{{ columns[0] }} = accepted.{{ columns[0] }}
            and accepted.landed_on between judged.landed_on - 1 and judged.landed_on + 1
    where
        judged.outcome = 'quarantined'
        and accepted.outcome = 'accepted'
        and {{ in_batch('judged.landed_on') }}
        and {{ in_batch('accepted.landed_on', 1, 1) }}

),

{{ table }} as (

    select
        '{{ table }}' as event_table,
        judged.{{ columns[0] }} as event_key,
        judged.reasons,
        {{ event_day(table, 'judged') }} as event_on,
        judged.{{ event_moment(table) }} as happened_at,
        judged.ingested_at,
        judged.landed_on,
        superseded.event_key is not null as is_superseded,
        {%- if table == 'charges' %}
        judged.currency,
        judged.amount_micros,
        judged.amount_in_reporting_micros,
        judged.advertiser_id,
        judged.charged_event,
        {%- else %}
        cast(null as string) as currency,
        cast(null as bigint) as amount_micros,
        cast(null as bigint) as amount_in_reporting_micros,
        cast(null as string) as advertiser_id,
        cast(null as string) as charged_event,
        {%- endif %}
        judged.raw_row
    from {{ ref('int_events__' ~ table ~ '_judged') }} as judged
    left join {{ table }}_superseded as superseded
        on
            judged.{{ columns[0] }} = superseded.event_key
            and judged.landed_on = superseded.landed_on
    where judged.outcome = 'quarantined' and {{ in_batch('judged.landed_on') }}

),
{%- endfor %}

combined as (
    {% for table in event_tables() %}
    select * from {{ table }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}

)

select * from combined
