-- Grain: one row per period, slice, identity, entry and factor (NULL for the definition).
-- entry 'definition': the product of the factors that the marts show, against the result that they
-- show. entry 'double_entry': the same with one factor ('all': every one) taken from the second
-- system that records it, which closes only as far as the two systems agree.
-- status: holds, undefined (a factor has no value; the revenue that this leaves unexplained is
-- shown) or violated. Additive: unexplained_revenue and the units, over the values of one
-- dimension.
-- Kept by day: each identity of each slice of each day is far more than a day's change. Months and
-- quarters come from small tables that are not kept by day.
{{ config(
    materialized='by_day',
    meta={
        'day': 'period_starts_on',
        'outside': {'period_grain': ['month', 'quarter']},
        'outside_of': ['finance_quarterly', 'invoice_reconciliation_monthly'],
        'vars': ['metrics', 'identities', 'double_entries', 'identity_tolerance'],
        'follows': {
            'agg_slices_daily': 'requested_on',
            'agg_double_entries_daily': 'requested_on',
        },
    },
) }}
{%- set shown = served_components() + distinct_counts() + served_metrics() %}
{%- set entered_counts = [
    'sent_ad_requests', 'ad_requests_not_sent', 'ad_requests_not_shown', 'ad_impressions_not_sent',
    'ad_impressions_not_shown', 'cpc_clicks', 'cpc_clicks_not_charged', 'charged_clicks',
    'charges_without_click', 'second_ad_clicks',
] %}
{%- set identities = first_when_linted(identities_over('funnel')) %}
with slices as (

    select
        requested_on,
        '(all)' as dimension,
        '(all)' as dimension_value,
        {{ shown | join(',\n        ') }}
    from {{ ref('revenue_daily') }}
    where surface = '(all)' and {{ in_batch('requested_on') }}

    union all

    select
        requested_on,
        dimension,
        dimension_value,
        {{ shown | join(',\n        ') }}
    from {{ ref('revenue_daily_by_segment') }}
    where {{ in_batch('requested_on') }}

),

statements as (

    select *
    from {{ ref('finance_quarterly') }}
    where {{ outside_batches() }}

),

invoices as (

    select *
    from {{ ref('invoice_reconciliation_monthly') }}
    where {{ outside_batches() }}

),

entries as (

    select
        requested_on as entry_on,
        dimension as entry_dimension,
        dimension_value as entry_dimension_value,
        {{ entered_counts | join(',\n        ') }}
    from {{ ref('agg_double_entries_daily') }}
    where {{ in_batch('requested_on') }}

),

-- A slice that only the second system knows has no row in the marts: its counts there are 0.
entered as (

    select
        coalesce(slices.requested_on, entries.entry_on) as requested_on,
        coalesce(slices.dimension, entries.entry_dimension) as dimension,
        coalesce(slices.dimension_value, entries.entry_dimension_value) as dimension_value,
        slices.{{ served_metrics() | join(',\n        slices.') }},
        {{- zero_where_absent('slices', served_components() + distinct_counts()) | indent(4) }},
        {{- zero_where_absent('entries', entered_counts) | indent(4) }},
        slices.requested_on is not null as is_in_marts
    from slices
    full outer join entries
        on
            slices.requested_on = entries.entry_on
            and slices.dimension = entries.entry_dimension
            and slices.dimension_value = entries.entry_dimension_value

),

-- Why an identity has no value is the same whichever factor the second system gives, and the gap
-- between the systems whichever identity it bears on: each is said once.
explained as (

    select
        {%- for identity in identities %}
        {{ undefined_reason(identity) | indent(4) }} as {{ reason_column(identity) }},
        {%- endfor %}
        {%- for quantity in first_when_linted(quantities_entered_twice()) %}
        {{ gap_level_of(quantity) | indent(4) }} as {{ gap_column(quantity) }},
        {%- endfor %}
        *
    from entered

),

definitions as (
    {% for identity in identities %}
    select
        'day' as period_grain,
        requested_on as period_starts_on,
        dimension,
        dimension_value,
        {{- definition_columns(identity, reason_column(identity)) }}
    from explained
    where is_in_marts
    {%- if not loop.last or identities_over('finance') %}
    union all
    {%- endif %}
    {%- endfor %}
    {%- for identity in identities_over('finance') %}
    select
        'quarter' as period_grain,
        quarter_starts_on as period_starts_on,
        'currency' as dimension,
        currency as dimension_value,
        {{- definition_columns(identity, undefined_reason(identity)) }}
    from statements
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}

),

-- An invoice is made per advertiser and month from the ledger's own days: that is where the second
-- entry of revenue is held against the first. A month in which nobody was billed is not closed yet.
billed_months as (

    select
        *,
        bool_or(is_invoiced) over (partition by invoice_month) as month_is_billed
    from invoices

),

double_entries as (
    {% for identity in identities %}
    {%- for quantity, factors in double_entries_of(identity).items() %}
    select
        'day' as period_grain,
        requested_on as period_starts_on,
        dimension,
        dimension_value,
        {{- double_entry_columns(identity, quantity, factors) }}
    from explained
    union all
    {%- endfor %}
    {%- endfor %}
    select
        'month' as period_grain,
        invoice_month as period_starts_on,
        'advertiser, currency' as dimension,
        advertiser_id || ', ' || currency as dimension_value,
        'per_advertiser' as identity,
        'double_entry' as entry,
        'revenue' as factor,
        cast(ledger_amount as double) as result,
        cast(invoiced_amount as double) as product,
        case
            when not is_invoiced then 'no invoice'
            when gap <> 0
                then
                    'quarantine holds ' || cast(quarantined_amount as string)
                    || ', unexplained ' || cast(unexplained_gap as string)
        end as reason,
        true as is_revenue,
        ledger_amount as first_entry,
        invoiced_amount as second_entry,
        greatest(ledger_amount - invoiced_amount, 0) as only_in_first,
        greatest(invoiced_amount - ledger_amount, 0) as only_in_second,
        {{ gap_level_of('revenue') }} as gap_level
    from billed_months
    where month_is_billed

),

combined as (

    select
        *,
        cast(null as decimal(38, 6)) as first_entry,
        cast(null as decimal(38, 6)) as second_entry,
        cast(null as decimal(38, 6)) as only_in_first,
        cast(null as decimal(38, 6)) as only_in_second,
        cast(null as string) as gap_level
    from definitions

    union all

    select * from double_entries

),

measured as (

    select
        *,
        product - result as residual,
        {{ ratio('only_in_first + only_in_second', 'greatest(first_entry, second_entry)') }}
            as gap_share
    from combined

),

judged as (

    select
        period_grain,
        period_starts_on,
        dimension,
        dimension_value,
        identity,
        entry,
        factor,
        result,
        product,
        residual,
        case
            when residual is null then 'undefined'
            when
                abs(residual) <= {{ var('identity_tolerance') }} * greatest(1, abs(result))
                then 'holds'
            else 'violated'
        end as status,
        case
            when result is null and residual is null
                then coalesce(reason, 'the result has no value')
            when residual is null then coalesce(reason, 'the second entry has no value')
            else reason
        end as reason,
        case
            when entry = 'definition' and is_revenue and residual is null
                then cast(result as decimal(38, 6))
            else cast(0 as decimal(38, 6))
        end as unexplained_revenue,
        cast(first_entry as decimal(38, 6)) as first_entry,
        cast(second_entry as decimal(38, 6)) as second_entry,
        cast(first_entry - second_entry as decimal(38, 6)) as gap_units,
        cast(only_in_first as decimal(38, 6)) as only_in_first,
        cast(only_in_second as decimal(38, 6)) as only_in_second,
        case
            when entry = 'double_entry' and is_revenue then cast(residual as decimal(38, 6))
        end as gap_money,
        gap_share,
        case
            when dimension_value = '(unattributed)' and gap_level is not null then 'none'
            else gap_level
        end as gap_level
    from measured

)

select * from judged
