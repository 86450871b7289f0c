-- Grain: one row per row of the raw impression log, with its outcome: accepted, duplicate or
-- quarantined, and the day of the request under which it is counted.
{{ config(materialized='by_day', meta={'day': 'landed_on', 'log': 'impressions'}) }}

with requests as (

    select
        accepted.request_id as parent_id,
        accepted.requested_at as parent_at,
        accepted.landed_on as parent_landed_on,
        accepted.requested_on
    from {{ ref('int_events__requests_accepted') }} as accepted
    {{ counted_parents_in_batch('impressions', 'accepted.landed_on') }}
    where {{ parents_in_batch('impressions') }}

),

resolved as (

    {{ resolve_deliveries('impressions') | indent(4) }}

),

checked as (

    select
        resolved.*,
        requests.requested_on,
        case
            when requests.parent_id is null then 'orphan_impression'
            when {{ reversed('resolved.impressed_at', 'requests.parent_at') }} then 'time_reversed'
            else ''
        end as parent_reasons
    from resolved
    left join requests
        on
            resolved.request_id = requests.parent_id
            and {{ within_attribution('impressions', 'resolved', 'requests') }}

),

settled as (

    select
        {{- settled_columns('impressions') }},
        requested_on
    from checked

)

select * from settled
