-- Grain: one row per month, advertiser and currency with an invoice or a charge.
-- Additive within a currency: every amount.
-- gap is what was billed beyond the accepted ledger; quarantined_amount says how much of it the
-- quarantine holds back; unexplained_gap is what nobody can account for.
with ledger as (

    select
        {{ month_of('charged_on') }} as invoice_month,
        advertiser_id,
        currency,
        sum(amount_micros) as amount_micros
    from {{ ref('agg_charges_daily') }}
    group by invoice_month, advertiser_id, currency

),

-- Each quarantined ledger line once, whatever number of times it was delivered. Only a line whose
-- key, advertiser, day, currency and amount can be read can be on anybody's invoice.
quarantined_lines as (

    select
        {{ month_of('event_on') }} as invoice_month,
        advertiser_id,
        currency,
        event_key,
        max_by(amount_micros, coalesce(ingested_at, happened_at)) as amount_micros
    from {{ ref('fct_quarantined_events') }}
    where
        event_table = 'charges'
        and not is_superseded
        and event_key is not null
        and advertiser_id is not null
        and happened_at is not null
        and currency is not null
        and amount_micros is not null
    group by invoice_month, advertiser_id, currency, event_key

),

quarantined as (

    select
        invoice_month,
        advertiser_id,
        currency,
        sum(amount_micros) as amount_micros
    from quarantined_lines
    group by invoice_month, advertiser_id, currency

),

invoices as (

    select
        invoice_month,
        advertiser_id,
        currency,
        sum(amount_micros) as amount_micros
    from {{ ref('fct_invoices') }}
    group by invoice_month, advertiser_id, currency

),

combined as (

    select
        invoice_month,
        advertiser_id,
        currency,
        amount_micros as ledger_micros,
        0 as quarantined_micros,
        0 as invoiced_micros,
        false as is_invoiced
    from ledger
    union all
    select
        invoice_month,
        advertiser_id,
        currency,
        0 as ledger_micros,
        amount_micros as quarantined_micros,
        0 as invoiced_micros,
        false as is_invoiced
    from quarantined
    union all
    select
        invoice_month,
        advertiser_id,
        currency,
        0 as ledger_micros,
        0 as quarantined_micros,
        amount_micros as invoiced_micros,
        true as is_invoiced
    from invoices

),

summed as (

    select
        invoice_month,
        advertiser_id,
        currency,
        {{ micros_to_units('sum(ledger_micros)') }} as ledger_amount,
        {{ micros_to_units('sum(quarantined_micros)') }} as quarantined_amount,
        {{ micros_to_units('sum(invoiced_micros)') }} as invoiced_amount,
        bool_or(is_invoiced) as is_invoiced
    from combined
    group by invoice_month, advertiser_id, currency

),

differenced as (

    select
        *,
        cast(invoiced_amount - ledger_amount as decimal(38, 6)) as gap,
        cast(invoiced_amount - ledger_amount - quarantined_amount as decimal(38, 6))
            as unexplained_gap
    from summed

)

select * from differenced
