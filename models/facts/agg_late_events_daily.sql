-- Grain: one row per event day and event table with rows that arrived later than the lookback
-- covers: taken in by a run that took in more than the lookback, or waiting for one.
-- Additive: late_rows and late_amount_micros. Not additive: most_days_late (a maximum).
-- A row that waits is counted on the day of its folder, which is known without reading it.
with lateness as (

    select * from {{ ref('agg_lateness_daily') }}

),

waiting as (

    select * from {{ ref('stg_landing__late_days') }}

),

combined as (

    select
        event_on,
        event_table,
        accepted_rows as late_rows,
        days_late,
        amount_micros,
        false as is_waiting
    from lateness
    where days_late > {{ lookback_of('event_table') }}

    union all

    select
        landed_on as event_on,
        event_table,
        coalesce(new_rows, 0) as late_rows,
        days_late,
        cast(null as decimal(38, 0)) as amount_micros,
        true as is_waiting
    from waiting

),

late as (

    select
        event_on,
        event_table,
        cast(sum(late_rows) as bigint) as late_rows,
        cast(max(days_late) as bigint) as most_days_late,
        cast(sum(amount_micros) as decimal(38, 0)) as late_amount_micros,
        bool_or(is_waiting) as is_waiting
    from combined
    group by event_on, event_table

)

select * from late
