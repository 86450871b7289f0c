-- Grain: one row per line of the bid log, as the ad that the won bid showed.
-- The log has no campaigns: all of an advertiser's ads count as one, named like the advertiser.
-- Position is 1 in all of them: a bid buys one slot and a slot shows one ad. The log's slot
-- visibility is the screen on which the slot stands, not a rank among ads.
with source as (

    select * from {{ source('ipinyou', 'ipinyou_impressions') }}

),

typed as (

    select
        {{ to_text('bid_id') }} as impression_id,
        {{ to_text('bid_id') }} as request_id,
        {{ compact_local_time('bid_at', hours_ahead=8) }} as impressed_at,
        {{ to_text('creative') }} as result_id,
        true as is_commercial,
        {{ to_text('advertiser') }} as advertiser_id,
        {{ to_text('advertiser') }} as campaign_id,
        {{ to_text('creative') }} as creative_id,
        1 as position,
        'cpm' as pricing_model,
        -- Fen per thousand impressions: a fen is 10,000 micro-units, and a bid by CPM is per
        -- thousand.
        {{ scaled_integer('bid_price', 10000) }} as bid_micros,
        cast(null as double) as predicted_ctr,
        cast(null as double) as predicted_cvr,
        bid_at as raw_impressed_at,
        bid_price as raw_bid_micros,
        landed_on,
        {{ whole_row('ipinyou', 'ipinyou_impressions') }} as raw_row
    from source

),

arrived as (

    select
        *,
        impressed_at as ingested_at
    from typed

),

checked as (

    select
        {{ event_columns('impressions') | join(',\n        ') }},
        ingested_at,
        landed_on,
        raw_row,
        {{ reject_reasons(
            required=[
                'impression_id', 'request_id', 'impressed_at', 'result_id', 'advertiser_id',
                'campaign_id',
            ],
            parsed=['impressed_at', 'bid_micros'],
            at_least={'bid_micros': 0},
            plausible={'bid_micros': [-var('greatest_amount_micros'), var('greatest_amount_micros')]},
        ) | indent(8) }} as reject_reasons
    from arrived

)

select * from checked
