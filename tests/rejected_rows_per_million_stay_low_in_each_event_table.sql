-- For each event table: quarantined rows / delivered rows, in parts per million, over all days.
-- Warns and fails by the variables: a percent or two is what defects of single clients amount to,
-- a tenth is a feed that changed its format.
{{ config(
    fail_calc='coalesce(max(rejected_ppm), 0)',
    meta={'unit': 'per million'},
    warn_if='> ' ~ var('reject_share_warn_ppm'),
    error_if='> ' ~ var('reject_share_error_ppm'),
) }}
select
    event_table,
    sum(raw_rows) as raw_rows,
    sum(quarantined_rows) as quarantined_rows,
    cast(floor({{ ratio('sum(quarantined_rows)', 'sum(raw_rows)', 1000000) }}) as bigint)
        as rejected_ppm
from {{ ref('conservation_daily') }}
group by event_table
having sum(raw_rows) >= {{ var('reject_share_least_rows') }}
