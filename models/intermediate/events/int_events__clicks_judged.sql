-- Grain: one row per row of the raw click log, with its outcome: accepted, duplicate or
-- quarantined.
with staged as (

    select * from {{ staged('clicks') }}

),

impressions as (

    select
        impression_id as parent_id,
        impressed_at as parent_at
    from {{ ref('int_events__impressions_accepted') }}

),

resolved as (

    {{ resolve_deliveries('clicks', 'staged') | indent(4) }}

),

checked as (

    select
        resolved.*,
        case
            when impressions.parent_id is null then 'orphan_click'
            when {{ reversed('resolved.clicked_at', 'impressions.parent_at') }} then 'time_reversed'
            else ''
        end as parent_reasons
    from resolved
    left join impressions on resolved.impression_id = impressions.parent_id

),

settled as (

    select
        {{- settled_columns('clicks') }}
    from checked

)

select * from settled
