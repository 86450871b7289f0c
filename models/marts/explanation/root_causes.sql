-- Grain: one row per day, metric asked for a cause, method and rank. Not additive: slices of
-- several dimensions overlap. Which slices explain that a metric left its band: by 'slice', the
-- slices of one or more dimensions that differ most from all the rest; by 'dimension', the one
-- dimension that tells most, and those of its values that explain the change of the whole (asked
-- only where the whole left its band). Where neither finds anything of a whole that left its band,
-- one row says so: 'none'. A metric whose whole stayed in it has rows only where a slice is found.
-- (noqa: the linter's grammar of this dialect does not know grouping sets.)
{%- set dimensions, settings = var('dimensions'), var('root_causes') %}
{%- set keys = ['requested_on', 'metric'] %}
with leaves as (

    select * from {{ ref('agg_cause_leaves_daily') }}

),

slices as (

    select * from {{ ref('agg_cause_slices_daily') }}

),

judged as (

    select * from {{ ref('metric_anomalies') }}

),

wholes as (

    select
        requested_on,
        metric,
        sum(forecast) as whole_forecast,
        sum(actual) as whole_actual,
        sum(forecast_divisor) as whole_forecast_divisor,
        sum(actual_divisor) as whole_actual_divisor
    from leaves
    group by requested_on, metric

),

elements as (

    select
        requested_on,
        metric,
        {{ grouped_by(dimensions) | indent(8) }} as dimension,
        {{ grouped_value(dimensions) | indent(8) }} as element,
        sum(forecast) as forecast,
        sum(actual) as actual,
        sum(forecast_divisor) as forecast_divisor,
        sum(actual_divisor) as actual_divisor
    from leaves
    group by {{ slice_sets(keys, dimensions, 1) | indent(4) }} -- noqa: PRS

),

{{ adtributor('dimension', 'elements', keys, settings.power, settings.element_power) }},

found as (

    select
        requested_on,
        metric,
        'slice' as method,
        round,
        {{ slice_in_words(dimensions) }} as cause,
        layer as dimensions,
        forecast,
        actual,
        forecast_divisor,
        actual_divisor,
        score,
        cast(null as double) as surprise
    from slices

    union all

    select
        requested_on,
        metric,
        'dimension' as method,
        row_number() over (
            partition by requested_on, metric
            order by explanatory_power desc nulls last, element asc nulls last
        ) as round,
        dimension || ':' || element as cause,
        1 as dimensions,
        forecast,
        actual,
        forecast_divisor,
        actual_divisor,
        cast(null as double) as score,
        surprise
    from dimension_elements
    where dimension_rank = 1 and is_candidate and is_picked

),

incidents as (

    select
        judged.requested_on,
        judged.metric,
        judged.actual as whole_actual_value,
        judged.expected as whole_expected_value,
        judged.is_alarm as is_alarm_of_the_whole,
        judged.status as whole_status,
        wholes.whole_forecast,
        wholes.whole_actual,
        wholes.whole_forecast_divisor,
        wholes.whole_actual_divisor
    from wholes
    inner join judged
        on
            wholes.requested_on = judged.requested_on
            and wholes.metric = judged.metric
            and judged.dimension = '(all)'

),

explained as (

    select
        incidents.*,
        found.method,
        found.round,
        found.cause,
        found.dimensions,
        found.forecast,
        found.actual,
        found.forecast_divisor,
        found.actual_divisor,
        found.score,
        found.surprise,
        {{ contribution(
            'found.forecast', 'found.actual', 'found.forecast_divisor', 'found.actual_divisor',
            'incidents.whole'
        ) | indent(8) }} as contribution,
        {{ whole_change('incidents.whole') | indent(8) }} as change_of_the_whole
    from incidents
    left join found
        on
            incidents.requested_on = found.requested_on
            and incidents.metric = found.metric
            -- Of a change that is hardly one every share is beyond all bounds.
            and (found.method = 'slice' or incidents.is_alarm_of_the_whole)
    -- That a change has no concentrated cause is said of a change: where the whole stayed as it was
    -- and a slice is the alarm, that slice is news of its own.
    where incidents.is_alarm_of_the_whole or found.method is not null

),

valued as (

    select
        *,
        coalesce(method, 'none') as method_used,
        cast(coalesce(round, 1) as bigint) as cause_rank,
        case
            when forecast_divisor is null then forecast
            else forecast / nullif(forecast_divisor, 0e0)
        end as slice_expected,
        case
            when forecast_divisor is null then actual
            else actual / nullif(actual_divisor, 0e0)
        end as slice_actual,
        case
            when forecast_divisor is null then contribution
            else
                (forecast_divisor + actual_divisor)
                / nullif(whole_forecast_divisor + whole_actual_divisor, 0e0)
                * (
                    actual / nullif(actual_divisor, 0e0)
                    - forecast / nullif(forecast_divisor, 0e0)
                )
        end as rate_part
    from explained

),

causes as (

    select
        requested_on,
        metric,
        method_used as method,
        cause_rank,
        coalesce(cause, 'no concentrated cause') as cause,
        cast(coalesce(dimensions, 0) as bigint) as dimensions,
        slice_expected as expected,
        slice_actual as actual,
        {{ ratio('slice_actual - slice_expected', 'slice_expected') }} as relative_difference,
        contribution,
        rate_part,
        contribution - rate_part as mix_part,
        case
            when is_alarm_of_the_whole then {{ ratio('contribution', 'change_of_the_whole') }}
        end as explanatory_power,
        surprise,
        score,
        whole_expected_value as whole_expected,
        whole_actual_value as whole_actual,
        whole_status
    from valued

),

-- The factors of revenue stand beside one another: one cause moves several metrics, and the factor
-- in which it shows most is where it was made.
first_causes as (

    select
        *,
        case
            when
                method = 'slice'
                and cause_rank = 1
                and metric in ({{ factors_to_compare() }})
                then 1
            else 0
        end as is_first_of_factor
    from causes

),

factors as (

    select
        *,
        row_number() over (
            partition by requested_on, is_first_of_factor
            order by score desc nulls last, metric asc nulls last
        ) as place
    from first_causes

),

ranked as (

    select
        requested_on,
        metric,
        method,
        cause_rank,
        cause,
        dimensions,
        expected,
        actual,
        relative_difference,
        contribution,
        rate_part,
        mix_part,
        explanatory_power,
        surprise,
        score,
        whole_expected,
        whole_actual,
        whole_status,
        cast(
            max(case when is_first_of_factor = 1 then place end) over (
                partition by requested_on, metric
            ) as bigint
        ) as factor_rank
    from factors

)

select * from ranked
