-- Grain: one row per event log and landed day with files that came, changed or went after the
-- lookback had passed, and that no run has taken in yet.
with source as (

    select * from {{ source('state', 'late_days') }}

),

renamed as (

    select
        event_table,
        landed_on,
        new_rows,
        days_late
    from source

)

select * from renamed
