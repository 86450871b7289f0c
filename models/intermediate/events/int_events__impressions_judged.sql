-- Grain: one row per row of the raw impression log, with its outcome: accepted, duplicate or
-- quarantined.
with staged as (

    select * from {{ staged('impressions') }}

),

requests as (

    select
        request_id as parent_id,
        requested_at as parent_at
    from {{ ref('int_events__requests_accepted') }}

),

resolved as (

    {{ resolve_deliveries('impressions', 'staged') | indent(4) }}

),

checked as (

    select
        resolved.*,
        case
            when requests.parent_id is null then 'orphan_impression'
            when {{ reversed('resolved.impressed_at', 'requests.parent_at') }} then 'time_reversed'
            else ''
        end as parent_reasons
    from resolved
    left join requests on resolved.request_id = requests.parent_id

),

settled as (

    select
        {{- settled_columns('impressions') }}
    from checked

)

select * from settled
