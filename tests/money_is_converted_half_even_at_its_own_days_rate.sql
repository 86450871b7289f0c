-- For each accepted charge and conversion:
--   amount in the reporting currency = amount * rate of its own day, half-even to a micro-unit.
-- Recomputed in whole numbers, not with the macro that the models use. With the rate in units of
-- 1e-8, |amount| * rate = 1e8 * quotient + rest; the result is the quotient, and one more where
-- the rest is above half, or is half and the quotient is odd. Negative amounts mirror positive
-- ones.
with converted as (

    select
        'charges' as event_table,
        charge_id as event_key,
        charged_on as converted_on,
        currency,
        amount_micros,
        amount_in_reporting_micros
    from {{ of_tested_days(ref('int_events__charges_accepted'), 'landed_on') }}
    union all
    select
        'actions' as event_table,
        action_id as event_key,
        {{ reporting_day('acted_at') }} as converted_on,
        currency,
        action_value_micros as amount_micros,
        action_value_in_reporting_micros as amount_in_reporting_micros
    from {{ accepted_of_tested_days('actions') }}

),

scaled as (

    select
        converted.*,
        cast(abs(converted.amount_micros) as decimal(19, 0))
        * cast(
            case
                when converted.currency = '{{ var("reporting_currency") }}' then 100000000
                else rates.rate * 100000000
            end as decimal(18, 0)
        ) as product
    from converted
    left join {{ ref('int_finance__daily_fx_rates') }} as rates
        on converted.currency = rates.currency and converted.converted_on = rates.rate_date

),

with_rest as (

    select
        *,
        product % 100000000 as rest
    from scaled

),

divided as (

    select
        *,
        cast((product - rest) * cast(0.00000001 as decimal(8, 8)) as decimal(38, 0)) as quotient
    from with_rest

),

recomputed as (

    select
        *,
        sign(amount_micros) * case
            when rest > 50000000 or (rest = 50000000 and quotient % 2 = 1) then quotient + 1
            else quotient
        end as expected_micros
    from divided

)

select *
from recomputed
where (amount_in_reporting_micros = expected_micros) is not true
