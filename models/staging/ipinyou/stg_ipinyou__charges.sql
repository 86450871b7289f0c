-- Grain: one row per line of the bid log, as the charge for the impression that the won bid bought.
-- The price paid is in fen per thousand impressions. A fen is 10,000 micro-units of CNY, so that
-- one impression costs paid_price * 10,000 / 1,000 = paid_price * 10 micro-units: exact, nothing is
-- rounded.
with source as (

    select * from {{ source('ipinyou', 'ipinyou_impressions') }}

),

typed as (

    select
        {{ to_text('bid_id') }} as charge_id,
        'impression' as charged_event,
        {{ to_text('bid_id') }} as event_id,
        {{ to_text('advertiser') }} as advertiser_id,
        {{ compact_local_time('bid_at', hours_ahead=8) }} as charged_at,
        {{ scaled_integer('paid_price', 10) }} as amount_micros,
        'CNY' as currency,
        cast(null as string) as original_charge_id,
        bid_at as raw_charged_at,
        paid_price as raw_amount_micros,
        landed_on,
        {{ whole_row('ipinyou', 'ipinyou_impressions') }} as raw_row
    from source

),

arrived as (

    select
        *,
        charged_at as ingested_at
    from typed

),

checked as (

    select
        {{ event_columns('charges') | join(',\n        ') }},
        ingested_at,
        landed_on,
        raw_row,
        {{ reject_reasons(
            required=['charge_id', 'event_id', 'advertiser_id', 'charged_at', 'amount_micros'],
            parsed=['charged_at', 'amount_micros'],
            plausible={'amount_micros': [-var('greatest_amount_micros'), var('greatest_amount_micros')]},
            rules={'negative_amount_without_original': 'amount_micros < 0'},
        ) | indent(8) }} as reject_reasons
    from arrived

)

select * from checked
