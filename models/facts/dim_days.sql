-- Grain: one row per day of the reporting time zone, from the first accepted request to the last.
-- A promotion or holiday that covers a day is named beside it, so that a peak explains itself.
{{ config(materialized='table') }}

with requests as (

    select
        min(requested_on) as first_day,
        max(requested_on) as last_day
    from {{ ref('int_events__requests_accepted') }}

),

calendar as (

    select * from {{ ref('stg_reference__calendar_events') }}

),

days as (

    select {{ each_day('first_day', 'last_day') }} as day
    from requests

),

events_per_day as (

    select
        days.day,
        {{ joined_in_order('calendar.event_name', ', ', 'calendar.event_name, calendar.wave') }}
            as calendar_events,
        {{ joined_in_order(
            "calendar.event_name || coalesce(' ' || calendar.wave, '')", ', ',
            'calendar.event_name, calendar.wave'
        ) }} as calendar_waves,
        bool_or(calendar.event_type = 'holiday') as is_holiday,
        bool_or(calendar.event_type = 'promotion') as is_promotion
    from days
    inner join calendar on days.day between calendar.starts_on and calendar.ends_on
    group by days.day

),

described as (

    select
        days.day,
        {{ weekday_of('days.day') }} as weekday,
        {{ weekday_of('days.day') }} >= 6 as is_weekend,
        events_per_day.calendar_events,
        events_per_day.calendar_waves,
        coalesce(events_per_day.is_holiday, false) as is_holiday,
        coalesce(events_per_day.is_promotion, false) as is_promotion
    from days
    left join events_per_day on days.day = events_per_day.day

)

select * from described
