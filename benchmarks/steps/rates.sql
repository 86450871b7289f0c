-- Grain: one row per currency and day with a rate into CNY, whose own rate is 1.
select
    rate_date,
    currency,
    {{ rate('max(rate)') }} as rate
from {{ reference('fx_rates') }}
group by rate_date, currency
