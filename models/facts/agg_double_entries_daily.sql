-- Grain: one row per day and slice, with what the second system recorded beside the first.
-- A charge whose click nobody logged has no request, and so no slice: it stands in the whole day on
-- which it was charged, and under '(unattributed)' in each dimension, so that values add up to
-- totals.
{{ config(
    materialized='by_day',
    meta={
        'day': 'requested_on',
        'follows': {
            'agg_slices_daily': 'requested_on',
            'fct_quarantined_events': 'event_on',
        },
    },
) }}

with slices as (

    select *
    from {{ ref('agg_slices_daily') }}
    where {{ in_batch('requested_on') }}

),

quarantined as (

    select *
    from {{ ref('fct_quarantined_events') }}
    where {{ in_batch('event_on') }}

),

charges_on_unknown_clicks as (

    select
        event_on as requested_on,
        count(distinct event_key) as charges
    from quarantined
    where
        event_table = 'charges'
        and charged_event = 'click'
        and amount_micros > 0
        and reasons like '%orphan_charge%'
        and not is_superseded
    group by event_on

),

unattributed as (
    {% for dimension in ['(all)'] + var('dimensions') %}
    select
        requested_on,
        '{{ dimension }}' as dimension,
        '{{ '(all)' if dimension == '(all)' else '(unattributed)' }}' as dimension_value,
        charges
    from charges_on_unknown_clicks
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}

),

entries as (

    select
        coalesce(slices.requested_on, unattributed.requested_on) as requested_on,
        coalesce(slices.dimension, unattributed.dimension) as dimension,
        coalesce(slices.dimension_value, unattributed.dimension_value) as dimension_value,
        {{- zero_where_absent('slices', [
            'ad_requests', 'sent_ad_requests', 'ad_requests_not_sent', 'ad_requests_not_shown',
            'ad_impressions', 'commercial_results_returned', 'ad_impressions_not_sent',
            'ad_impressions_not_shown', 'ad_clicks', 'cpc_clicks', 'cpc_clicks_not_charged',
        ]) | indent(4) }},
        coalesce(slices.charged_clicks, 0) + coalesce(unattributed.charges, 0) as charged_clicks,
        coalesce(slices.charges_without_click, 0) + coalesce(unattributed.charges, 0)
            as charges_without_click
    from slices
    full outer join unattributed
        on
            slices.requested_on = unattributed.requested_on
            and slices.dimension = unattributed.dimension
            and slices.dimension_value = unattributed.dimension_value

),

-- Clicks as the ledger has them: charged ones where a click is what is paid for, logged ones
-- elsewhere.
with_second_clicks as (

    select
        *,
        ad_clicks - cpc_clicks + charged_clicks as second_ad_clicks
    from entries

)

select * from with_second_clicks
