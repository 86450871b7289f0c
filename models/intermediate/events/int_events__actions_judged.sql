-- Grain: one row per row of the raw conversion log, with its outcome: accepted, duplicate or
-- quarantined, and what led to it. A conversion with no click is not traced to the platform:
-- accepted, and counted nowhere.
{{ config(materialized='by_day', meta={'day': 'landed_on', 'log': 'actions'}) }}

with clicks as (

    select
        click_id as parent_id,
        clicked_at as parent_at,
        landed_on as parent_landed_on,
        impression_id,
        is_invalid as click_is_invalid,
        {{ journey_columns() | join(',\n        ') }}
    from {{ ref('int_events__clicks_judged') }}
    where outcome = 'accepted' and {{ parents_in_batch('actions') }}

),

resolved as (

    {{ resolve_deliveries('actions') | indent(4) }}

),

converted as (

    {{ at_own_days_rate(
        'resolved', 'action_value_micros', 'acted_at', 'action_value_in_reporting_micros'
    ) }}

),

checked as (

    select
        converted.*,
        clicks.impression_id,
        clicks.click_is_invalid,
        clicks.{{ journey_columns() | join(',\n        clicks.') }},
        concat_ws(
            ',',
            case
                when converted.click_id is null then null
                when clicks.parent_id is null then 'orphan_action'
                when {{ reversed('converted.acted_at', 'clicks.parent_at') }} then 'time_reversed'
            end,
            case when converted.action_value_in_reporting_micros is null then 'no_fx_rate' end
        ) as parent_reasons
    from converted
    left join clicks
        on
            converted.click_id = clicks.parent_id
            and {{ within_attribution('actions', 'converted', 'clicks') }}

),

settled as (

    select
        {{- settled_columns('actions') }},
        action_value_in_reporting_micros,
        impression_id,
        click_is_invalid,
        {{ journey_columns() | join(',\n        ') }}
    from checked

)

select * from settled
