-- Grain: one row per row of the raw click log, repeated and bad rows included.
-- Nothing is dropped here: each rule that a row breaks is named in reject_reasons.
with source as (

    select * from {{ source('events', 'clicks') }}

),

typed as (

    select
        {{ to_text('click_id') }} as click_id,
        {{ to_text('impression_id') }} as impression_id,
        {{ to_timestamp('clicked_at') }} as clicked_at,
        {{ to_boolean('is_invalid') }} as is_invalid,
        {{ to_text('invalid_reason') }} as invalid_reason,
        {{ to_timestamp('ingested_at') }} as ingested_at,
        clicked_at as raw_clicked_at,
        is_invalid as raw_is_invalid,
        ingested_at as raw_ingested_at,
        landed_on,
        {{ whole_row('events', 'clicks') }} as raw_row
    from source

),

checked as (

    select
        {{ event_columns('clicks') | join(',\n        ') }},
        ingested_at,
        landed_on,
        raw_row,
        {{ reject_reasons(
            required=['click_id', 'impression_id', 'clicked_at', 'is_invalid', 'ingested_at'],
            parsed=['clicked_at', 'is_invalid', 'ingested_at'],
            happened_at='clicked_at',
        ) | indent(8) }} as reject_reasons
    from typed

)

select * from checked
