-- Grain: one row per accepted ledger line, with the impression to which its money goes back.
with judged as (

    select * from {{ ref('int_events__charges_judged') }}

),

accepted as (

    select
        {{ event_columns('charges') | join(',\n        ') }},
        impression_id,
        {{ journey_columns() | join(',\n        ') }},
        {{ reporting_day('charged_at') }} as charged_on,
        amount_in_reporting_micros,
        ingested_at,
        landed_on
    from judged
    where outcome = 'accepted'

)

select * from accepted
