-- For each ledger line and its corrections: charge + adjustments >= 0. Warns: what the ledger
-- says counts, but an advertiser who got back more than was paid is owed an explanation.
{{ config(severity='warn') }}
select
    coalesce(original_charge_id, charge_id) as first_charge_id,
    currency,
    sum(amount_micros) as net_micros
from {{ of_tested_days(ref('fct_charges'), 'requested_on') }}
group by coalesce(original_charge_id, charge_id), currency
having sum(amount_micros) < 0
