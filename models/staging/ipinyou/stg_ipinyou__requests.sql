-- Grain: one row per line of the bid log, as the page view whose slot the bid won.
-- The log holds wins only, so a request sent one ad and it is the only result that is known. The
-- page's place in the world is coded: region_code is the log's region and city. The exchange stands
-- as the app.
-- A line has no time of arrival: it counts as arrived when it happened.
with source as (

    select * from {{ source('ipinyou', 'ipinyou_impressions') }}

),

typed as (

    select
        {{ to_text('bid_id') }} as request_id,
        {{ compact_local_time('bid_at', hours_ahead=8) }} as requested_at,
        nullif({{ to_text('user_id') }}, 'null') as user_id,
        cast(null as string) as device_id,
        'display' as surface,
        'recommend' as entry_point,
        'exchange ' || {{ to_text('ad_exchange') }} as app_id,
        {{ to_text('region') }} || '-' || {{ to_text('city') }} as region_code,
        'CN' as country_code,
        -- An operating system that is none of these goes on as it is, to be rejected by its name.
        -- The log's own "other" is web inventory of 2013 that names no phone.
        case
            when split_part(user_agent, '_', 1) in ('windows', 'mac', 'linux', 'other')
                then 'desktop'
            when split_part(user_agent, '_', 1) in ('android', 'ios') then 'phone'
            else {{ to_text('user_agent') }}
        end as device_type,
        1 as results_returned,
        1 as commercial_results_returned,
        bid_at as raw_requested_at,
        landed_on,
        {{ whole_row('ipinyou', 'ipinyou_impressions') }} as raw_row
    from source

),

arrived as (

    select
        *,
        requested_at as ingested_at
    from typed

),

checked as (

    select
        {{ event_columns('requests') | join(',\n        ') }},
        ingested_at,
        landed_on,
        raw_row,
        {{ reject_reasons(
            required=['request_id', 'requested_at', 'device_type'],
            parsed=['requested_at'],
            accepted={'device_type': var('device_types')},
        ) | indent(8) }} as reject_reasons
    from arrived

)

select * from checked
