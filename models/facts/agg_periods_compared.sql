-- Grain: one row per comparison (variable `comparisons`), period and slice that had a request in either of
-- the two periods: every additive component in the period (_now) and in the one that it is held against
-- (_base). Additive over the values of one dimension: every component. Distinct counts stand where a
-- period is a day and are NULL elsewhere: each is taken at a day's grain, and no sum gives a week's.
-- Of a period that is not over, its base has the same first days only.
-- Only periods that reach into the last `explained_days` days: what a build explains does not grow with
-- history, and any other two periods are a question to `tributary why`.
{{ config(materialized='table') }}
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

    {%- for comparison, declared in comparisons_over('funnel').items() %}
    {%- set own_start = start_of(declared.period, 'slices.requested_on') %}
    {%- set newest_start = start_of(declared.period, 'newest.newest_day') %}
    {%- set first_start = start_of(declared.period, 'newest.first_explained_day') %}
    {{ 'union all' if not loop.first }}
    {%- for start, is_now in [
        (own_start, true), (periods_later(declared.period, own_start, declared.back), false)
    ] %}
    {{ 'union all' if not loop.first }}
    select
        '{{ comparison }}' as comparison,
        '{{ declared.period }}' as period,
        {{ start }} as period_starts_on,
        {{ is_now }} as is_now,
        {{ start }} = {{ newest_start }}
        and {{ newest_start }} = {{ start_of(
            declared.period, periods_later('day', 'newest.newest_day', 1)
        ) }} as is_to_date,
        {{ days_between(own_start, 'slices.requested_on') }}
        <= {{ days_between(newest_start, 'newest.newest_day') }} as is_among_first_days,
        slices.dimension,
        slices.dimension_value,
        {%- for name in served_components() %}
        slices.{{ name }},
        {%- endfor %}
        {%- for name in distinct_counts() %}
        {{ 'slices.' ~ name if declared.period == 'day' else 'cast(null as bigint)' }} as {{ name }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from slices
    cross join newest
    where {{ start }} between {{ first_start }} and newest.newest_day
    {%- endfor %}
    {%- endfor %}

),

sums as (

    select
        comparison,
        period,
        period_starts_on,
        bool_or(is_to_date) as is_to_date,
        dimension,
        dimension_value,
        count(*) filter (where is_now) as days_now,
        count(*) filter (where not is_now) as days_base,
        {{- pair_columns(served_components() + distinct_counts()) | indent(4) }}
    from roles
    where is_now or not is_to_date or is_among_first_days
    group by comparison, period, period_starts_on, dimension, dimension_value

),

wholes as (

    select
        comparison,
        period_starts_on,
        days_base,
        days_now,
        {%- for lead in leads %}
        {{ lead }}_base as {{ lead }}_whole_base,
        {{ lead }}_now as {{ lead }}_whole_now{{ ',' if not loop.last }}
        {%- endfor %}
    from sums
    where dimension = '(all)' and days_now > 0 and days_base > 0

),

compared as (

    select
        sums.comparison,
        sums.period,
        sums.period_starts_on,
        case sums.comparison
            {%- for comparison, declared in comparisons_over('funnel').items() %}
            when '{{ comparison }}'
                then {{ periods_later(declared.period, 'sums.period_starts_on', -declared.back) }}
            {%- endfor %}
        end as base_starts_on,
        sums.is_to_date,
        wholes.days_base,
        wholes.days_now,
        sums.dimension,
        sums.dimension_value,
        {%- for name in served_components() + distinct_counts() %}
        {%- for period in ['base', 'now'] %}
        cast(sums.{{ name }}_{{ period }} as {{ type_of_sum(name) }}) as {{ name }}_{{ period }},
        {%- endfor %}
        {%- endfor %}
        {%- for lead in leads %}
        {%- for period in ['base', 'now'] %}
        cast(wholes.{{ lead }}_whole_{{ period }} as bigint) as {{ lead }}_whole_{{ period }}
        {{- ',' if not loop.last }}
        {%- endfor %}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from sums
    inner join wholes
        on
            sums.comparison = wholes.comparison
            and sums.period_starts_on = wholes.period_starts_on

)

select * from compared
