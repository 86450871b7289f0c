-- Grain: one row per row of the raw billing ledger that charges an event (or cannot be told), with
-- its outcome: accepted, duplicate or quarantined, and what the money goes back to: the impression
-- and the request.
{{ config(materialized='by_day', meta={'day': 'landed_on', 'log': 'charges'}) }}

with impressions as (

    select
        impression_id as parent_id,
        'impression' as parent_event,
        impressed_at as parent_at,
        landed_on as parent_landed_on,
        false as parent_is_invalid,
        impression_id,
        {{ journey_columns_of_impressions() | join(',\n        ') }}
    from {{ ref('int_events__impressions_accepted') }}
    where {{ parents_in_batch('charges') }}

),

clicks as (

    select
        click_id as parent_id,
        'click' as parent_event,
        clicked_at as parent_at,
        landed_on as parent_landed_on,
        is_invalid as parent_is_invalid,
        impression_id,
        {{ journey_columns() | join(',\n        ') }}
    from {{ ref('int_events__clicks_judged') }}
    where outcome = 'accepted' and {{ parents_in_batch('charges') }}

),

actions as (

    select
        action_id as parent_id,
        'action' as parent_event,
        acted_at as parent_at,
        landed_on as parent_landed_on,
        coalesce(click_is_invalid, false) as parent_is_invalid,
        impression_id,
        {{ journey_columns() | join(',\n        ') }}
    from {{ ref('int_events__actions_judged') }}
    where outcome = 'accepted' and {{ parents_in_batch('charges') }}

),

parents as (

    select * from impressions
    union all
    select * from clicks
    union all
    select * from actions

),

resolved as (

    {{ resolve_deliveries('charges') | indent(4) }}

),

converted as (

    {{ at_own_days_rate(
        'resolved', 'amount_micros', 'charged_at', 'amount_in_reporting_micros'
    ) }}
    where resolved.charged_event is distinct from 'adjustment'

),

checked as (

    select
        converted.*,
        parents.impression_id,
        parents.{{ journey_columns() | join(',\n        parents.') }},
        concat_ws(
            ',',
            case
                when parents.impression_id is null then 'orphan_charge'
                when {{ reversed('converted.charged_at', 'parents.parent_at') }}
                    then 'time_reversed'
            end,
            case when parents.parent_is_invalid then 'charge_on_invalid_click' end,
            case when converted.amount_in_reporting_micros is null then 'no_fx_rate' end
        ) as parent_reasons
    from converted
    left join parents
        on
            converted.charged_event = parents.parent_event
            and converted.event_id = parents.parent_id
            and {{ within_attribution('charges', 'converted', 'parents') }}

),

settled as (

    select
        {{- settled_columns('charges') }},
        impression_id,
        {{ journey_columns() | join(',\n        ') }},
        amount_in_reporting_micros
    from checked

)

select * from settled
