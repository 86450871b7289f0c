-- Grain: one row per slice (the whole, or a value of a dimension) and pair of factors of one
-- identity, driver and response. Nothing is additive.
-- Each is an association over the days of the history: how the response moved on days on which the
-- driver did. It does not say what would follow if somebody moved the driver.
with slices as (

    select *
    from {{ ref('agg_slices_daily') }}
    where dimension in ('(all)', '{{ var('elasticities').dimensions | join("', '") }}')

),

{{ elasticity_steps('slices') }},

told as (

    select
        dimension,
        dimension_value,
        driver,
        response,
        first_day,
        last_day,
        n,
        elasticity,
        standard_error,
        elasticity_low,
        elasticity_high,
        r_squared,
        driver_variation,
        driver_chance,
        driver_fall,
        driver_rise,
        shared_component,
        reason is null as is_identified,
        reason
    from judged

)

select * from told
