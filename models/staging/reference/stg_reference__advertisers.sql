-- Grain: one row per advertiser, as the reference table lists it.
with source as (

    select * from {{ source('reference', 'advertisers') }}

),

typed as (

    select
        {{ to_text('advertiser_id') }} as advertiser_id,
        {{ to_text('advertiser_name') }} as advertiser_name,
        {{ to_text('industry') }} as industry,
        {{ to_text('tier') }} as tier,
        try_cast(onboarded_on as date) as onboarded_on
    from source

)

select * from typed
