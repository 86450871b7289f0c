-- Grain: one row per row of the raw billing ledger, repeated and bad rows included.
-- Nothing is dropped here: each rule that a row breaks is named in reject_reasons.
with source as (

    select * from {{ source('events', 'charges') }}

),

typed as (

    select
        {{ to_text('charge_id') }} as charge_id,
        {{ to_text('charged_event') }} as charged_event,
        {{ to_text('event_id') }} as event_id,
        {{ to_text('advertiser_id') }} as advertiser_id,
        {{ to_timestamp('charged_at') }} as charged_at,
        {{ to_integer('amount_micros') }} as amount_micros,
        {{ to_text('currency') }} as currency,
        {{ to_text('original_charge_id') }} as original_charge_id,
        {{ to_timestamp('ingested_at') }} as ingested_at,
        charged_at as raw_charged_at,
        amount_micros as raw_amount_micros,
        ingested_at as raw_ingested_at,
        landed_on,
        {{ whole_row('events', 'charges') }} as raw_row
    from source

),

checked as (

    select
        {{ event_columns('charges') | join(',\n        ') }},
        ingested_at,
        landed_on,
        raw_row,
        {{ reject_reasons(
            required={
                'charge_id': true,
                'charged_event': true,
                'event_id': "charged_event <> 'adjustment'",
                'advertiser_id': true,
                'charged_at': true,
                'amount_micros': true,
                'currency': true,
                'original_charge_id': "charged_event = 'adjustment'",
                'ingested_at': true,
            },
            parsed=['charged_at', 'amount_micros', 'ingested_at'],
            accepted={'charged_event': var('charged_events')},
            plausible={
                'amount_micros': [-var('greatest_amount_micros'), var('greatest_amount_micros')],
            },
            rules={
                'negative_amount_without_original':
                    'amount_micros < 0 and original_charge_id is null',
            },
            happened_at='charged_at',
        ) | indent(8) }} as reject_reasons
    from typed

)

select * from checked
