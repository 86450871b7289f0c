-- Grain: one row per day, slice and watched metric, on the days that judging the latest
-- explained_days wants: these days, the days their spread is taken from, the earlier days of the
-- same promotion or holiday, and the same weekdays before each. A slice that a day lacks has a row
-- of zeros there, so that what went dark is seen. Not additive.
{{ config(materialized='table', tags='explanation') }}
{%- set expectation = var('expectation') %}
with slices as (

    select * from {{ ref('agg_slices_daily') }}

),

calendar as (

    select * from {{ ref('dim_days') }}

),

newest as (

    select max(day) as newest_day from calendar

),

judged_days as (

    select calendar.*
    from calendar
    cross join newest
    where
        calendar.day > newest.newest_day - {{ var('explained_days') }}
        and calendar.day <> {{ running_day() }}

),

-- Days whose distance from their own expected values is asked for.
measured_days as (

    select day from judged_days

    union distinct

    select calendar.day
    from calendar
    inner join judged_days
        on
            calendar.day >= judged_days.day - {{ expectation.spread_days }}
            and calendar.day < judged_days.day
    where calendar.calendar_events is null

    union distinct

    select calendar.day
    from calendar
    inner join judged_days
        on
            calendar.calendar_waves = judged_days.calendar_waves
            and calendar.day < judged_days.day

),

earlier_weeks as (

    select {{ each_number_to(expectation.weeks) }} as weeks_back

),

base_days as (

    select distinct calendar.day
    from measured_days
    cross join earlier_weeks
    inner join calendar
        on measured_days.day - cast(7 * earlier_weeks.weeks_back as integer) = calendar.day
    where calendar.calendar_events is null

),

wanted_days as (

    select
        calendar.day,
        calendar.calendar_events,
        calendar.calendar_waves,
        judged_days.day is not null as is_judged,
        measured_days.day is not null as is_measured,
        base_days.day is not null as is_base
    from calendar
    left join judged_days on calendar.day = judged_days.day
    left join measured_days on calendar.day = measured_days.day
    left join base_days on calendar.day = base_days.day
    where measured_days.day is not null or base_days.day is not null

),

known_slices as (

    select distinct
        slices.dimension,
        slices.dimension_value
    from slices
    inner join wanted_days on slices.requested_on = wanted_days.day

),

{% set counts = served_components() + distinct_counts() %}
filled as (

    select
        wanted_days.*,
        known_slices.dimension,
        known_slices.dimension_value,
        {{- zero_where_absent('slices', counts) | indent(4) }}
    from wanted_days
    cross join known_slices
    left join slices
        on
            wanted_days.day = slices.requested_on
            and known_slices.dimension = slices.dimension
            and known_slices.dimension_value = slices.dimension_value

),

metrics as (

    {{ watched_metric_names() | indent(4) }}

),

watched as (

    select
        filled.day,
        filled.calendar_events,
        filled.calendar_waves,
        filled.is_judged,
        filled.is_measured,
        filled.is_base,
        filled.dimension,
        filled.dimension_value,
        metrics.metric,
        {{ watched_part('value') | indent(8) }} as value,
        {{ watched_part('events') | indent(8) }} as events,
        {{ watched_part('exposure') | indent(8) }} as exposure
    from filled
    cross join metrics

)

select * from watched
