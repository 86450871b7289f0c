-- For each currency as delivered (NULL is one), to the micro-unit:
--   money in the raw charges = accepted + delivered again + quarantined.
-- The accepted and quarantined money is taken where the marts take it, the raw from the staged
-- log. An amount that cannot be read is no money on either side: its row is conserved by
-- conservation_daily.
with amounts as (

    select
        currency,
        amount_micros as raw_micros,
        0 as accepted_micros,
        0 as repeated_micros,
        0 as quarantined_micros
    from {{ of_tested_days(staged('charges'), 'landed_on') }}
    union all
    select
        currency,
        0 as raw_micros,
        amount_micros as accepted_micros,
        0 as repeated_micros,
        0 as quarantined_micros
    from {{ of_tested_days(ref('int_events__charges_accepted'), 'landed_on') }}
    union all
    select
        currency,
        0 as raw_micros,
        0 as accepted_micros,
        amount_micros as repeated_micros,
        0 as quarantined_micros
    from {{ of_tested_days(ref('int_events__charges_judged'), 'landed_on') }}
    where outcome = 'duplicate'
    union all
    select
        currency,
        0 as raw_micros,
        0 as accepted_micros,
        0 as repeated_micros,
        amount_micros as quarantined_micros
    from {{ of_tested_days(ref('fct_quarantined_events'), 'landed_on') }}
    where event_table = 'charges'

),

totals as (

    select
        currency,
        sum(coalesce(raw_micros, 0)) as raw_micros,
        sum(coalesce(accepted_micros, 0)) as accepted_micros,
        sum(coalesce(repeated_micros, 0)) as repeated_micros,
        sum(coalesce(quarantined_micros, 0)) as quarantined_micros
    from amounts
    group by currency

)

select *
from totals
where (raw_micros = accepted_micros + repeated_micros + quarantined_micros) is not true
