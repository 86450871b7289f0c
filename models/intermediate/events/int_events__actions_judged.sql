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
    from {{ ref('int_events__clicks_accepted') }}
    where {{ parents_in_batch('actions') }}

),

fx_rates as (

    select * from {{ ref('int_finance__daily_fx_rates') }}

),

resolved as (

    {{ resolve_deliveries('actions') | indent(4) }}

),

rated as (

    select
        resolved.*,
        {{ rate_of('resolved.currency', 'fx_rates.rate') }} as rate
    from resolved
    left join fx_rates
        on
            resolved.currency = fx_rates.currency
            and {{ reporting_day('resolved.acted_at') }} = fx_rates.rate_date

),

checked as (

    select
        rated.*,
        clicks.impression_id,
        clicks.click_is_invalid,
        clicks.{{ journey_columns() | join(',\n        clicks.') }},
        concat_ws(
            ',',
            case
                when rated.click_id is null then null
                when clicks.parent_id is null then 'orphan_action'
                when {{ reversed('rated.acted_at', 'clicks.parent_at') }} then 'time_reversed'
            end,
            case
                when {{ convert_micros('rated.action_value_micros', 'rated.rate') }} is null
                    then 'no_fx_rate'
            end
        ) as parent_reasons
    from rated
    left join clicks
        on
            rated.click_id = clicks.parent_id
            and {{ within_attribution('actions', 'rated', 'clicks') }}

),

settled as (

    select
        {{- settled_columns('actions') }},
        {{ convert_micros('action_value_micros', 'rate') }} as action_value_in_reporting_micros,
        impression_id,
        click_is_invalid,
        {{ journey_columns() | join(',\n        ') }}
    from checked

)

select * from settled
