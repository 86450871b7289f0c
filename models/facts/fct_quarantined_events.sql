-- Grain: one row per rejected row of a raw event table. Additive: row counts; amount_micros within
-- one currency. The row itself is kept whole, as JSON, so that it can be mended and fed again.
-- is_superseded: an accepted row bears the same key, so that nothing is held back by this one.
with
{%- for table in event_tables() %}
{%- set columns = event_columns(table) %}
{{ table }} as (

    select
        '{{ table }}' as event_table,
        judged.{{ columns[0] }} as event_key,
        judged.reasons,
        coalesce(
            {{ reporting_day('judged.' ~ event_moment(table)) }},
            {{ reporting_day('judged.ingested_at') }}
        ) as event_on,
        judged.{{ event_moment(table) }} as happened_at,
        judged.ingested_at,
        accepted.{{ columns[0] }} is not null as is_superseded,
        {%- if table == 'charges' %}
        judged.currency,
        judged.amount_micros,
        judged.amount_in_reporting_micros,
        judged.advertiser_id,
        judged.charged_event,
        {%- else %}
        cast(null as varchar) as currency,
        cast(null as bigint) as amount_micros,
        cast(null as bigint) as amount_in_reporting_micros,
        cast(null as varchar) as advertiser_id,
        cast(null as varchar) as charged_event,
        {%- endif %}
        judged.raw_row
    from {{ ref('int_events__' ~ table ~ '_judged') }} as judged
    left join {{ ref('int_events__' ~ table ~ '_accepted') }} as accepted
        on judged.{{ columns[0] }} = accepted.{{ columns[0] }}
    where judged.outcome = 'quarantined'

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
