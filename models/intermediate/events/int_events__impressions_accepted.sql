-- Grain: one row per accepted impression, with the day of its request.
with judged as (

    select * from {{ ref('int_events__impressions_judged') }}

),

accepted as (

    select
        {{ event_columns('impressions') | join(',\n        ') }},
        ingested_at,
        landed_on,
        requested_on
    from judged
    where outcome = 'accepted'

)

select * from accepted
