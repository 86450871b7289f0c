-- Grain: one row per line of the bid log whose click flag is not 0, as the click on its ad.
-- The flag has no time of its own: the click counts at the moment of its impression. What is
-- neither 0 nor 1 is kept, as a click that is rejected. The log says nothing of fraud: no click is
-- invalid.
with source as (

    select * from {{ source('ipinyou', 'ipinyou_impressions') }}

),

typed as (

    select
        {{ to_text('bid_id') }} as click_id,
        {{ to_text('bid_id') }} as impression_id,
        {{ compact_local_time('bid_at', hours_ahead=8) }} as clicked_at,
        false as is_invalid,
        cast(null as string) as invalid_reason,
        {{ to_text('click') }} as click,
        bid_at as raw_clicked_at,
        landed_on,
        {{ whole_row('ipinyou', 'ipinyou_impressions') }} as raw_row
    from source

),

clicked as (

    select
        *,
        clicked_at as ingested_at
    from typed
    where click is distinct from '0'

),

checked as (

    select
        {{ event_columns('clicks') | join(',\n        ') }},
        ingested_at,
        landed_on,
        raw_row,
        {{ reject_reasons(
            required=['click_id', 'impression_id', 'clicked_at', 'click'],
            parsed=['clicked_at'],
            accepted={'click': ['1']},
        ) | indent(8) }} as reject_reasons
    from clicked

)

select * from checked
