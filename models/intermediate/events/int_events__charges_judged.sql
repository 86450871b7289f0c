-- Grain: one row per row of the raw billing ledger, with its outcome: accepted, duplicate or
-- quarantined, and the impression to which the money goes back.
-- Two rounds: charges on events first, then the adjustments, which hang on an accepted charge.
with staged as (

    select * from {{ staged('charges') }}

),

impressions as (

    select
        impression_id,
        impressed_at
    from {{ ref('int_events__impressions_accepted') }}

),

clicks as (

    select
        click_id,
        impression_id,
        clicked_at,
        is_invalid
    from {{ ref('int_events__clicks_accepted') }}

),

actions as (

    select
        action_id,
        impression_id,
        acted_at,
        click_role = 'invalid' as is_invalid
    from {{ ref('int_events__actions_accepted') }}

),

fx_rates as (

    select * from {{ ref('int_finance__daily_fx_rates') }}

),

resolved as (

    {{ resolve_deliveries('charges', 'staged') | indent(4) }}

),

rated as (

    select
        resolved.*,
        {{ rate_of('resolved.currency', 'fx_rates.rate') }} as rate
    from resolved
    left join fx_rates
        on
            resolved.currency = fx_rates.currency
            and {{ reporting_day('resolved.charged_at') }} = fx_rates.rate_date

),

converted as (

    select
        *,
        {{ convert_micros('amount_micros', 'rate') }} as amount_in_reporting_micros,
        case
            when {{ convert_micros('amount_micros', 'rate') }} is null then 'no_fx_rate'
        end as fx_reason
    from rated

),

on_events as (

    select
        converted.*,
        coalesce(impressions.impression_id, clicks.impression_id, actions.impression_id)
            as impression_id,
        coalesce(impressions.impressed_at, clicks.clicked_at, actions.acted_at) as parent_at,
        coalesce(clicks.is_invalid, actions.is_invalid, false) as parent_is_invalid
    from converted
    left join impressions
        on converted.charged_event = 'impression' and converted.event_id = impressions.impression_id
    left join clicks
        on converted.charged_event = 'click' and converted.event_id = clicks.click_id
    left join actions
        on converted.charged_event = 'action' and converted.event_id = actions.action_id
    where converted.charged_event is distinct from 'adjustment'

),

checked_on_events as (

    select
        *,
        concat_ws(
            ',',
            case
                when impression_id is null then 'orphan_charge'
                when {{ reversed('charged_at', 'parent_at') }} then 'time_reversed'
            end,
            case
                when parent_is_invalid and impression_id is not null then 'charge_on_invalid_click'
            end,
            fx_reason
        ) as parent_reasons
    from on_events

),

originals as (

    select
        charge_id as parent_id,
        impression_id,
        charged_at as parent_at
    from checked_on_events
    where outcome = 'accepted' and parent_reasons = ''

),

checked_adjustments as (

    select
        converted.*,
        originals.impression_id,
        originals.parent_at,
        false as parent_is_invalid,
        concat_ws(
            ',',
            case
                when originals.parent_id is null then 'orphan_charge'
                when {{ reversed('converted.charged_at', 'originals.parent_at') }}
                    then 'time_reversed'
            end,
            converted.fx_reason
        ) as parent_reasons
    from converted
    left join originals on converted.original_charge_id = originals.parent_id
    where converted.charged_event = 'adjustment'

),

checked as (

    select * from checked_on_events
    union all
    select * from checked_adjustments

),

settled as (

    select
        {{- settled_columns('charges') }},
        impression_id,
        amount_in_reporting_micros
    from checked

)

select * from settled
