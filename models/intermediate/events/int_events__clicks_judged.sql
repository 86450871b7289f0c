-- Grain: one row per row of the raw click log, with its outcome: accepted, duplicate or
-- quarantined, and what led to it: the impression and the request.
{{ config(materialized='by_day', meta={'day': 'landed_on', 'log': 'clicks'}) }}

with impressions as (

    select
        impression_id as parent_id,
        impressed_at as parent_at,
        landed_on as parent_landed_on,
        {{ journey_columns_of_impressions() | join(',\n        ') }}
    from {{ ref('int_events__impressions_accepted') }}
    where {{ parents_in_batch('clicks') }}

),

resolved as (

    {{ resolve_deliveries('clicks') | indent(4) }}

),

checked as (

    select
        resolved.*,
        impressions.{{ journey_columns() | join(',\n        impressions.') }},
        case
            when impressions.parent_id is null then 'orphan_click'
            when {{ reversed('resolved.clicked_at', 'impressions.parent_at') }} then 'time_reversed'
            else ''
        end as parent_reasons
    from resolved
    left join impressions
        on
            resolved.impression_id = impressions.parent_id
            and {{ within_attribution('clicks', 'resolved', 'impressions') }}

),

settled as (

    select
        {{- settled_columns('clicks') }},
        {{ journey_columns() | join(',\n        ') }}
    from checked

)

select * from settled
