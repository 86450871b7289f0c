-- Grain: one row per row of the raw impression log, repeated and bad rows included.
-- Nothing is dropped here: each rule that a row breaks is named in reject_reasons.
with source as (

    select * from {{ source('events', 'impressions') }}

),

typed as (

    select
        {{ to_text('impression_id') }} as impression_id,
        {{ to_text('request_id') }} as request_id,
        {{ to_timestamp('impressed_at') }} as impressed_at,
        {{ to_text('result_id') }} as result_id,
        {{ to_boolean('is_commercial') }} as is_commercial,
        {{ to_text('advertiser_id') }} as advertiser_id,
        {{ to_text('campaign_id') }} as campaign_id,
        {{ to_text('creative_id') }} as creative_id,
        {{ to_integer('position') }} as position,
        {{ to_text('pricing_model') }} as pricing_model,
        {{ to_integer('bid_micros') }} as bid_micros,
        {{ to_double('predicted_ctr') }} as predicted_ctr,
        {{ to_double('predicted_cvr') }} as predicted_cvr,
        {{ to_timestamp('ingested_at') }} as ingested_at,
        impressed_at as raw_impressed_at,
        is_commercial as raw_is_commercial,
        position as raw_position,
        bid_micros as raw_bid_micros,
        predicted_ctr as raw_predicted_ctr,
        predicted_cvr as raw_predicted_cvr,
        ingested_at as raw_ingested_at,
        landed_on,
        {{ whole_row('events', 'impressions') }} as raw_row
    from source

),

checked as (

    select
        {{ event_columns('impressions') | join(',\n        ') }},
        ingested_at,
        landed_on,
        raw_row,
        {{ reject_reasons(
            required={
                'impression_id': true,
                'request_id': true,
                'impressed_at': true,
                'result_id': true,
                'is_commercial': true,
                'advertiser_id': 'is_commercial',
                'campaign_id': 'is_commercial',
                'position': true,
                'pricing_model': 'is_commercial',
                'ingested_at': true,
            },
            parsed=[
                'impressed_at', 'is_commercial', 'position', 'bid_micros', 'predicted_ctr',
                'predicted_cvr', 'ingested_at',
            ],
            accepted={'pricing_model': var('pricing_models')},
            at_least={'bid_micros': 0},
            plausible={
                'position': [1, var('greatest_count')],
                'bid_micros': [-var('greatest_amount_micros'), var('greatest_amount_micros')],
                'predicted_ctr': [0, 1],
                'predicted_cvr': [0, 1],
            },
            happened_at='impressed_at',
        ) | indent(8) }} as reject_reasons
    from typed

)

select * from checked
