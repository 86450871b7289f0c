-- Grain: one row per creative, as the reference table lists it.
with source as (

    select * from {{ source('reference', 'creatives') }}

),

typed as (

    select
        {{ to_text('creative_id') }} as creative_id,
        {{ to_text('campaign_id') }} as campaign_id,
        {{ to_text('product_id') }} as product_id,
        {{ to_text('creative_format') }} as creative_format
    from source

)

select * from typed
