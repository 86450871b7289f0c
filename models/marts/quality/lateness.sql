-- Grain: one row per event table and number of days by which rows came late.
-- Additive: accepted_rows and amount. Not additive: the shares and cumulative counts.
-- What the setting lookback_days is read from: later_rows is what a lookback of days_late days
-- would leave to be taken in by hand.
with landings as (

    select * from {{ ref('agg_lateness_daily') }}

),

histogram as (

    select
        event_table,
        days_late,
        sum(accepted_rows) as accepted_rows,
        sum(amount_micros) as amount_micros
    from landings
    group by event_table, days_late

),

cumulated as (

    select
        *,
        sum(accepted_rows) over (partition by event_table) as all_rows,
        coalesce(
            sum(accepted_rows) over (
                partition by event_table order by days_late nulls last
                rows between 1 following and unbounded following
            ),
            0
        ) as later_rows
    from histogram

),

measured as (

    select
        event_table,
        cast(days_late as bigint) as days_late,
        cast(accepted_rows as bigint) as accepted_rows,
        {{ ratio('accepted_rows', 'all_rows') }} as share_of_rows,
        cast(later_rows as bigint) as later_rows,
        {{ ratio('later_rows', 'all_rows') }} as share_later,
        {{ micros_to_units('amount_micros') }} as amount,
        days_late <= {{ lookback_of('event_table') }} as is_within_lookback
    from cumulated

)

select * from measured
