-- Grain: one row per showing of an ad of the session log, as the page view that showed it.
-- A line that was shown n times is n page views; the log does not say which lines shared a page.
-- Depth is the number of ads on the page: that many were sent, of which the log holds one. Organic
-- results are not in the log. A count of showings that cannot be one is kept as a single row and
-- rejected.
-- The log has no time: every event stands on one stated day, the variable kddcup2012_day. Its
-- surface was a search page of the desktop web in China.
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
        line_key || '-' || cast(showing as string) as request_id,
        cast('{{ var("kddcup2012_day", "2012-06-01") }}' as timestamp) as requested_at,
        nullif({{ to_text('user_id') }}, '0') as user_id,
        cast(null as string) as device_id,
        'search' as surface,
        'query' as entry_point,
        'soso' as app_id,
        cast(null as string) as region_code,
        'CN' as country_code,
        'desktop' as device_type,
        {{ to_integer('depth') }} as results_returned,
        {{ to_integer('depth') }} as commercial_results_returned,
        cast('{{ var("kddcup2012_day", "2012-06-01") }}' as timestamp) as ingested_at,
        showings as impression,
        impression as raw_impression,
        depth as raw_results_returned,
        depth as raw_commercial_results_returned,
        landed_on,
        raw_row
    from shown

),

checked as (

    select
        {{ event_columns('requests') | join(',\n        ') }},
        ingested_at,
        landed_on,
        raw_row,
        {{ reject_reasons(
            required=['results_returned', 'commercial_results_returned', 'impression'],
            parsed=['results_returned', 'commercial_results_returned', 'impression'],
            at_least={'results_returned': 0, 'commercial_results_returned': 0, 'impression': 1},
            plausible={
                'results_returned': [-var('greatest_count'), var('greatest_count')],
                'commercial_results_returned': [-var('greatest_count'), var('greatest_count')],
                'impression': [-var('greatest_count'), var('greatest_count')],
            },
        ) | indent(8) }} as reject_reasons
    from typed

)

select * from checked
