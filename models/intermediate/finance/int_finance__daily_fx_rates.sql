-- Grain: one row per currency and day with a usable rate into the reporting currency.
-- A day for which two different rates are listed has none that can be used: what falls on it goes
-- to the quarantine rather than being converted at a guess.
{{ config(materialized='table') }}

with listed as (

    select * from {{ ref('stg_reference__fx_rates') }}

),

unambiguous as (

    select
        rate_date,
        currency,
        max(rate) as rate
    from listed
    where rate > 0
    group by rate_date, currency
    having min(rate) = max(rate)

)

select * from unambiguous
