-- Grain: one row per region, as the reference table lists it.
with source as (

    select * from {{ source('reference', 'regions') }}

),

typed as (

    select
        {{ to_text('region_code') }} as region_code,
        {{ to_text('region_name') }} as region_name,
        {{ to_text('country_code') }} as country_code,
        {{ to_text('market_tier') }} as market_tier
    from source

)

select * from typed
