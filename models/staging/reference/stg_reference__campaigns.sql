-- Grain: one row per campaign, as the reference table lists it.
with source as (

    select * from {{ source('reference', 'campaigns') }}

),

typed as (

    select
        {{ to_text('campaign_id') }} as campaign_id,
        {{ to_text('advertiser_id') }} as advertiser_id,
        {{ to_text('campaign_name') }} as campaign_name,
        {{ to_text('objective') }} as objective,
        {{ to_text('promotion_type') }} as promotion_type,
        {{ to_double('target_roi') }} as target_roi,
        {{ to_integer('budget_micros') }} as budget_micros,
        {{ to_text('currency') }} as currency,
        try_cast(starts_on as date) as starts_on,
        try_cast(ends_on as date) as ends_on
    from source

)

select * from typed
