-- Grain: one row per rejected row and reason. Rows with several reasons stand here several times:
-- add up is_first_reason, not rows, to count each once.
with quarantined as (

    select * from {{ ref('fct_quarantined_events') }}

),

listed as (

    select
        *,
        {{ each_part('reasons') }} as reason
    from quarantined

),

ranked as (

    select
        event_table,
        event_key,
        event_on,
        reason,
        reason = split_part(reasons, ',', 1) as is_first_reason,
        is_superseded,
        currency,
        amount_micros,
        amount_in_reporting_micros
    from listed

)

select * from ranked
