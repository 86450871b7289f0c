-- Grain: one row per ledger line; a refund goes back to what its original goes back to.
select
    impression_id,
    charged_event,
    advertiser_id,
    currency,
    charged_on,
    amount_micros,
    revenue_micros
from event_lines
union all
select
    event_lines.impression_id,
    ledger.charged_event,
    ledger.advertiser_id,
    ledger.currency,
    ledger.charged_on,
    ledger.amount_micros,
    ledger.revenue_micros
from ledger
inner join event_lines on ledger.original_charge_id = event_lines.charge_id
where ledger.charged_event = 'adjustment'
