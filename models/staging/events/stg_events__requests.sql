-- Grain: one row per row of the raw request log, repeated and bad rows included.
-- Nothing is dropped here: each rule that a row breaks is named in reject_reasons.
with source as (

    select * from {{ source('events', 'requests') }}

),

typed as (

    select
        {{ to_text('request_id') }} as request_id,
        {{ to_timestamp('requested_at') }} as requested_at,
        {{ to_text('user_id') }} as user_id,
        {{ to_text('device_id') }} as device_id,
        {{ to_text('surface') }} as surface,
        {{ to_text('entry_point') }} as entry_point,
        {{ to_text('app_id') }} as app_id,
        {{ to_text('region_code') }} as region_code,
        {{ to_text('country_code') }} as country_code,
        {{ to_text('device_type') }} as device_type,
        {{ to_integer('results_returned') }} as results_returned,
        {{ to_integer('commercial_results_returned') }} as commercial_results_returned,
        {{ to_timestamp('ingested_at') }} as ingested_at,
        requested_at as raw_requested_at,
        results_returned as raw_results_returned,
        commercial_results_returned as raw_commercial_results_returned,
        ingested_at as raw_ingested_at,
        landed_on,
        {{ whole_row('events', 'requests') }} as raw_row
    from source

),

checked as (

    select
        {{ event_columns('requests') | join(',\n        ') }},
        ingested_at,
        landed_on,
        raw_row,
        {{ reject_reasons(
            required=[
                'request_id', 'requested_at', 'surface', 'entry_point', 'device_type',
                'results_returned', 'commercial_results_returned', 'ingested_at',
            ],
            parsed=['requested_at', 'results_returned', 'commercial_results_returned', 'ingested_at'],
            accepted={
                'surface': var('surfaces'),
                'entry_point': var('entry_points'),
                'device_type': var('device_types'),
            },
            at_least={'results_returned': 0, 'commercial_results_returned': 0},
            plausible={
                'results_returned': [-var('greatest_count'), var('greatest_count')],
                'commercial_results_returned': [-var('greatest_count'), var('greatest_count')],
            },
            reserved=['app_id', 'region_code', 'country_code'],
            rules={'commercial_exceeds_returned': 'commercial_results_returned > results_returned'},
            happened_at='requested_at',
        ) | indent(8) }} as reject_reasons
    from typed

)

select * from checked
