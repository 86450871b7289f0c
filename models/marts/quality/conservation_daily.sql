-- Grain: one row per event day and event table. Additive: every count.
-- raw_rows = accepted_rows + duplicate_rows + quarantined_rows, on every row.
with outcomes as (

    select * from {{ ref('agg_event_outcomes_daily') }}

),

conserved as (

    select
        event_on,
        event_table,
        raw_rows,
        accepted_rows,
        duplicate_rows,
        quarantined_rows
    from outcomes

)

select * from conserved
