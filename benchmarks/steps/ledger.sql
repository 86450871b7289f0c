-- Grain: one row per ledger line, its latest delivery, in CNY as well.
select
    charges.charge_id,
    charges.charged_event,
    charges.event_id,
    charges.original_charge_id,
    charges.advertiser_id,
    charges.currency,
    charges.amount_micros,
    {{ day('charges.charged_at') }} as charged_on,
    {{ converted('charges.amount_micros', 'charges.currency', 'rates.rate') }} as revenue_micros
from ({{ latest('charges', 'charge_id') }}) as charges
left join rates
    on charges.currency = rates.currency and {{ day('charges.charged_at') }} = rates.rate_date
