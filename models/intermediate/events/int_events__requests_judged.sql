-- Grain: one row per row of the raw request log, with its outcome: accepted, duplicate or
-- quarantined.
with staged as (

    select * from {{ staged('requests') }}

),

resolved as (

    {{ resolve_deliveries('requests', 'staged') | indent(4) }}

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
        {{- settled_columns('requests') }}
    from checked

)

select * from settled
