-- Grain: one row per comparison (variable `comparisons`), period and slice that had a request in
-- either of the two periods: every additive component in the period (_now) and in the one that it
-- is held against (_base). Additive over the values of one dimension: every component. Distinct
-- counts stand where a period is a day and are NULL elsewhere: each is taken at a day's grain, and
-- no sum gives a week's. Of a period that is not over, its base has the same first days only.
-- Only periods that reach into the last `explained_days` days: what a build explains does not grow
-- with history, and any other two periods are a question to `tributary why`.
{{ config(materialized='table', tags='explanation') }}
{%- set leads = ['requests', 'users', 'active_advertisers'] %}
with slices as (

    select * from {{ ref('agg_slices_daily') }}

),

newest as (

    select
        max(requested_on) as newest_day,
        {{ periods_later('day', 'max(requested_on)', 1 - var('explained_days')) }}
            as first_explained_day
    from slices

),

roles as (

    {{ both_periods(
        'slices',
        'requested_on',
        comparisons_over('funnel'),
        ['dimension', 'dimension_value'] + served_components(),
        by_day_only=distinct_counts(),
        newest='newest',
    ) | indent(4) }}

),

sums as (

    select
        comparison,
        period,
        period_starts_on,
        base_starts_on,
        bool_or(is_to_date) as is_to_date,
        dimension,
        dimension_value,
        count(*) filter (where is_now) as days_now,
        count(*) filter (where not is_now) as days_base,
        {{- pair_columns(served_components() + distinct_counts()) | indent(4) }}
    from roles
    where is_now or not is_to_date or is_among_first_days
    group by
        comparison, period, period_starts_on, base_starts_on, dimension, dimension_value

),

wholes as (

    select
        comparison,
        period_starts_on,
        days_base,
        days_now,
        {{- whole_columns(leads) | indent(4) }}
    from sums
    where dimension = '(all)' and days_now > 0 and days_base > 0

),

compared as (

    select
        sums.comparison,
        sums.period,
        sums.period_starts_on,
        sums.base_starts_on,
        sums.is_to_date,
        wholes.days_base,
        wholes.days_now,
        sums.dimension,
        sums.dimension_value,
        {{- compared_columns(served_components() + distinct_counts(), leads) | indent(4) }}
    from sums
    inner join wholes
        on
            sums.comparison = wholes.comparison
            and sums.period_starts_on = wholes.period_starts_on

)

select * from compared
