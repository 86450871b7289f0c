-- Grain: one row per row of the raw billing ledger, with its outcome: accepted, duplicate or
-- quarantined.
-- Two rounds: charges on events first, then the adjustments, which hang on an accepted charge.
with event_charges as (

    select * from {{ ref('int_events__event_charges_judged') }}

),

adjustments as (

    select * from {{ ref('int_events__adjustments_judged') }}

),

judged as (

    select
        {{ event_columns('charges') | join(',\n        ') }},
        ingested_at,
        landed_on,
        outcome,
        reasons,
        raw_row,
        impression_id,
        {{ journey_columns() | join(',\n        ') }},
        amount_in_reporting_micros
    from event_charges

    union all

    select
        {{ event_columns('charges') | join(',\n        ') }},
        ingested_at,
        landed_on,
        outcome,
        reasons,
        raw_row,
        impression_id,
        {{ journey_columns() | join(',\n        ') }},
        amount_in_reporting_micros
    from adjustments

)

select * from judged
