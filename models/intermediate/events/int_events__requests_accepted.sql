-- Grain: one row per accepted request. The day and the reporting dimensions are fixed here, once:
-- every child is counted on the day and under the dimensions of its request.
with judged as (

    select * from {{ ref('int_events__requests_judged') }}

),

accepted as (

    select
        request_id,
        event_on as requested_on,
        requested_at,
        user_id,
        device_id,
        surface,
        entry_point,
        coalesce(app_id, '(unknown)') as app_id,
        coalesce(region_code, '(unknown)') as region_code,
        coalesce(country_code, '(unknown)') as country_code,
        device_type,
        case when user_id is null then 'anonymous' else 'known' end as user_type,
        results_returned,
        commercial_results_returned,
        ingested_at,
        landed_on
    from judged
    where outcome = 'accepted'

)

select * from accepted
