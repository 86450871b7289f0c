-- Grain: one row per event day and event table with rows that arrived later than the lookback
-- covers.
-- Additive: late_rows and late_amount. Not additive: most_days_late (a maximum).
with late_events as (

    select * from {{ ref('agg_late_events_daily') }}

),

with_command as (

    select
        event_on,
        event_table,
        late_rows,
        most_days_late,
        {{ micros_to_units('late_amount_micros') }} as late_amount,
        is_waiting,
        case
            when is_waiting
                then 'uv run tributary run --from ' || event_on || ' --to ' || event_on
        end as command
    from late_events

)

select * from with_command
