-- Grain: one row per click that the session log counts. A line's clicks fall on its first showings,
-- one each: the log does not say on which. A count of clicks that cannot be one is kept as a single
-- row and rejected; a click beyond the showings finds no impression. The log says nothing of fraud.
with source as (

    select * from {{ source('kddcup2012', 'kddcup2012_sessions') }}

),

lines as (

    select
        *,
        {{ line_key([
            'click', 'impression', 'url_hash', 'ad_id', 'advertiser_id', 'depth', 'position',
            'query_id', 'keyword_id', 'title_id', 'description_id', 'user_id',
        ]) | indent(8) }} as line_key,
        {{ to_integer('click') }} as clicks,
        {{ whole_row('kddcup2012', 'kddcup2012_sessions') }} as raw_row
    from source

),

clicked as (

    select
        *,
        {{ each_number_to('case when clicks between 1 and 1000000 then clicks else 1 end') }} as click_number
    from lines
    where clicks is distinct from 0

),

typed as (

    select
        line_key || '-' || cast(click_number as string) as click_id,
        line_key || '-' || cast(click_number as string) as impression_id,
        cast('{{ var("kddcup2012_day", "2012-06-01") }}' as timestamp) as clicked_at,
        false as is_invalid,
        cast(null as string) as invalid_reason,
        cast('{{ var("kddcup2012_day", "2012-06-01") }}' as timestamp) as ingested_at,
        clicks as click,
        click as raw_click,
        landed_on,
        raw_row
    from clicked

),

checked as (

    select
        {{ event_columns('clicks') | join(',\n        ') }},
        ingested_at,
        landed_on,
        raw_row,
        {{ reject_reasons(
            required=['click'],
            parsed=['click'],
            at_least={'click': 1},
            plausible={'click': [-var('greatest_count'), var('greatest_count')]},
        ) | indent(8) }} as reject_reasons
    from typed

)

select * from checked
