-- Grain: one row per showing of an ad of the session log.
-- The log has no campaigns: all of an advertiser's ads count as one, named like the advertiser. The
-- creative is the text shown: title and description. The engine sold its ads by the click.
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
        {{ to_integer('impression') }} as showings,
        {{ whole_row('kddcup2012', 'kddcup2012_sessions') }} as raw_row
    from source

),

shown as (

    select
        *,
        {{ each_number_to('case when showings between 1 and 1000000 then showings else 1 end') }} as showing
    from lines

),

typed as (

    select
        line_key || '-' || cast(showing as string) as impression_id,
        line_key || '-' || cast(showing as string) as request_id,
        cast('{{ var("kddcup2012_day", "2012-06-01") }}' as timestamp) as impressed_at,
        {{ to_text('ad_id') }} as result_id,
        true as is_commercial,
        {{ to_text('advertiser_id') }} as advertiser_id,
        {{ to_text('advertiser_id') }} as campaign_id,
        {{ to_text('title_id') }} || '-' || {{ to_text('description_id') }} as creative_id,
        {{ to_integer('position') }} as position,
        'cpc' as pricing_model,
        cast(null as bigint) as bid_micros,
        cast(null as double) as predicted_ctr,
        cast(null as double) as predicted_cvr,
        cast('{{ var("kddcup2012_day", "2012-06-01") }}' as timestamp) as ingested_at,
        position as raw_position,
        landed_on,
        raw_row
    from shown

),

checked as (

    select
        {{ event_columns('impressions') | join(',\n        ') }},
        ingested_at,
        landed_on,
        raw_row,
        {{ reject_reasons(
            required=['result_id', 'advertiser_id', 'campaign_id', 'position'],
            parsed=['position'],
            plausible={'position': [1, var('greatest_count')]},
        ) | indent(8) }} as reject_reasons
    from typed

)

select * from checked
