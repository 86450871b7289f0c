-- Grain: one row per row of the raw billing ledger that adjusts an earlier one, a refund most
-- often, with its outcome: accepted, duplicate or quarantined. It goes back to what the original
-- charge goes back to.
{{ config(
    materialized='by_day', meta={'day': 'landed_on', 'log': 'charges', 'window': 'refunds'}
) }}

with originals as (

    select
        charge_id as parent_id,
        charged_at as parent_at,
        landed_on as parent_landed_on,
        impression_id,
        {{ journey_columns() | join(',\n        ') }}
    from {{ ref('int_events__event_charges_judged') }}
    where outcome = 'accepted' and {{ parents_in_batch('refunds') }}

),

resolved as (

    {{ resolve_deliveries('charges') | indent(4) }}

),

converted as (

    {{ at_own_days_rate(
        'resolved', 'amount_micros', 'charged_at', 'amount_in_reporting_micros'
    ) }}
    where resolved.charged_event = 'adjustment'

),

checked as (

    select
        converted.*,
        originals.impression_id,
        originals.{{ journey_columns() | join(',\n        originals.') }},
        concat_ws(
            ',',
            case
                when originals.parent_id is null then 'orphan_charge'
                when {{ reversed('converted.charged_at', 'originals.parent_at') }}
                    then 'time_reversed'
            end,
            case when converted.amount_in_reporting_micros is null then 'no_fx_rate' end
        ) as parent_reasons
    from converted
    left join originals
        on
            converted.original_charge_id = originals.parent_id
            and {{ within_attribution('refunds', 'converted', 'originals') }}

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
