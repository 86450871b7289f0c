-- Grain: one row per wave of one promotion or holiday and its first day, as the reference table
-- lists it: most come again each year.
with source as (

    select * from {{ source('reference', 'calendar_events') }}

),

typed as (

    select
        {{ to_text('event_name') }} as event_name,
        {{ to_text('event_type') }} as event_type,
        {{ to_text('wave') }} as wave,
        try_cast(starts_on as date) as starts_on,
        try_cast(ends_on as date) as ends_on
    from source

)

select * from typed
