-- Grain: one row per accepted impression.
with judged as (

    select * from {{ ref('int_events__impressions_judged') }}

),

accepted as (

    select
        {{ event_columns('impressions') | join(',\n        ') }},
        ingested_at
    from judged
    where outcome = 'accepted'

)

select * from accepted
