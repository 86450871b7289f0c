-- Grain: one row per row of the raw conversion log, repeated and bad rows included.
-- Nothing is dropped here: each rule that a row breaks is named in reject_reasons.
with source as (

    select * from {{ source('events', 'actions') }}

),

typed as (

    select
        {{ to_text('action_id') }} as action_id,
        {{ to_text('click_id') }} as click_id,
        {{ to_text('user_id') }} as user_id,
        {{ to_text('advertiser_id') }} as advertiser_id,
        {{ to_timestamp('acted_at') }} as acted_at,
        {{ to_text('action_type') }} as action_type,
        {{ to_integer('action_value_micros') }} as action_value_micros,
        {{ to_text('currency') }} as currency,
        {{ to_timestamp('ingested_at') }} as ingested_at,
        acted_at as raw_acted_at,
        action_value_micros as raw_action_value_micros,
        ingested_at as raw_ingested_at,
        landed_on,
        {{ whole_row('events', 'actions') }} as raw_row
    from source

),

checked as (

    select
        {{ event_columns('actions') | join(',\n        ') }},
        ingested_at,
        landed_on,
        raw_row,
        {{ reject_reasons(
            required=[
                'action_id', 'acted_at', 'action_type', 'action_value_micros', 'currency',
                'ingested_at',
            ],
            parsed=['acted_at', 'action_value_micros', 'ingested_at'],
            accepted={'action_type': var('action_types')},
            at_least={'action_value_micros': 0},
            plausible={
                'action_value_micros': [-var('greatest_amount_micros'), var('greatest_amount_micros')],
            },
            happened_at='acted_at',
        ) | indent(8) }} as reject_reasons
    from typed

)

select * from checked
