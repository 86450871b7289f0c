-- Grain: one row per row of the raw conversion log, with its outcome: accepted, duplicate or
-- quarantined. A conversion without a click is accepted: it is not traced, and counted nowhere
-- else.
with staged as (

    select * from {{ staged('actions') }}

),

clicks as (

    select
        click_id as parent_id,
        clicked_at as parent_at
    from {{ ref('int_events__clicks_accepted') }}

),

fx_rates as (

    select * from {{ ref('int_finance__daily_fx_rates') }}

),

resolved as (

    {{ resolve_deliveries('actions', 'staged') | indent(4) }}

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
        {{ convert_micros('rated.action_value_micros', 'rated.rate') }}
            as action_value_in_reporting_micros,
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
    left join clicks on rated.click_id = clicks.parent_id

),

settled as (

    select
        {{- settled_columns('actions') }},
        action_value_in_reporting_micros
    from checked

)

select * from settled
