-- Grain: one row per accepted click, with its role.
-- The first click on an impression that anti-fraud let pass is the valid one; what follows on the
-- same impression is repeated. Both open the page, one is paid for.
with judged as (

    select * from {{ ref('int_events__clicks_judged') }}

),

accepted as (

    select
        {{ event_columns('clicks') | join(',\n        ') }},
        ingested_at,
        landed_on,
        {{ journey_columns() | join(',\n        ') }},
        case
            when is_invalid then 'invalid'
            when
                row_number() over (
                    partition by requested_on, impression_id, is_invalid
                    order by clicked_at nulls last, click_id nulls last
                ) = 1
                then 'valid'
            else 'repeated'
        end as click_role
    from judged
    where outcome = 'accepted'

)

select * from accepted
