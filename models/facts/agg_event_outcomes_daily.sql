-- Grain: one row per event day and event table. Additive: every count.
with landings as (

    select * from {{ ref('agg_landings_daily') }}

),

summed as (

    select
        event_on,
        event_table,
        cast(sum(raw_rows) as bigint) as raw_rows,
        cast(sum(accepted_rows) as bigint) as accepted_rows,
        cast(sum(duplicate_rows) as bigint) as duplicate_rows,
        cast(sum(quarantined_rows) as bigint) as quarantined_rows
    from landings
    group by event_on, event_table

)

select * from summed
