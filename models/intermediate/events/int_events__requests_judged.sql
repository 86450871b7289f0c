-- Grain: one row per row of the raw request log, with its outcome: accepted, duplicate or
-- quarantined, and the day on which it counts.
{{ config(materialized='by_day', meta={'day': 'landed_on', 'log': 'requests'}) }}

with resolved as (

    {{ resolve_deliveries('requests') | indent(4) }}

),

-- A request has no parent to be held against.
checked as (

    select
        *,
        '' as parent_reasons
    from resolved

),

settled as (

    select
        {{- settled_columns('requests') }},
        {{ event_day('requests') }} as event_on
    from checked

)

select * from settled
