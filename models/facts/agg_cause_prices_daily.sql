-- Grain: one row per day, price of clicks that is asked for a cause on that day, and combination of
-- the reporting dimensions with a commercial click or charge. Additive: forecast and actual with
-- their divisors.
-- What tells slices apart in a price of clicks better than the price itself. That moves with who
-- paid for the clicks, and with a few charges for conversions that are each worth a dozen clicks:
-- so each click is expected to bring what its advertiser usually pays for one there (by the
-- dimensions in prices_by), and what is paid for clicks, for being shown, and for conversions, each
-- less its refunds, is added up in units of its own usual variance.
-- (noqa: the linter's grammar of this dialect does not know grouping sets.)
{{ config(materialized='table', tags='explanation') }}
{%- set dimensions = var('dimensions') %}
{%- set places = dimensions_of_prices() %}
{%- set price_keys = ['advertiser_id'] + places %}
with incidents as (

    select * from {{ ref('agg_cause_incidents_daily') }}

),

calendar as (

    select * from {{ ref('dim_days') }}

),

early_responses as (

    select * from {{ ref('fct_early_responses') }}

),

late_responses as (

    select * from {{ ref('fct_late_responses') }}

),

{{ compared_days('incidents', 'calendar') }},

priced_days as (

    select distinct requested_on
    from incidents
    where {{ is_click_price('metric') }}

),

pairs as (

    select days_wanted.*
    from days_wanted
    inner join priced_days on days_wanted.requested_on = priced_days.requested_on

),

days as (

    select distinct day from pairs

),

early as (

    select
        responses.requested_on,
        responses.impression_id,
        responses.{{ dimensions | join(',\n        responses.') }},
        responses.impression_advertiser_id as advertiser_id,
        responses.pricing_model,
        responses.clicks,
        responses.revenue_micros
    from days
    inner join early_responses as responses on days.day = responses.requested_on
    where responses.is_commercial

),

-- A refund is one of what its impression was charged for.
late as (

    select
        early.requested_on,
        early.impression_id,
        early.{{ dimensions | join(',\n        early.') }},
        early.advertiser_id,
        early.pricing_model,
        0 as clicks,
        responses.revenue_micros
    from late_responses as responses
    inner join early
        on
            responses.requested_on = early.requested_on
            and responses.impression_id = early.impression_id

),

responses as (

    select * from early
    union all
    select * from late

),

per_advertiser as (

    select
        requested_on as day,
        {{ dimensions | join(',\n        ') }},
        advertiser_id,
        sum(clicks) as clicks,
        {{- paid_by_kind() | indent(4) }}
    from responses
    group by requested_on, {{ dimensions | join(', ') }}, advertiser_id

),

usual_sums as (

    select
        pairs.requested_on,
        per_advertiser.{{ price_keys | join(',\n        per_advertiser.') }},
        sum(per_advertiser.clicks) as clicks,
        {{- per_kind('sum(per_advertiser.<kind>) as <kind>') | indent(4) }}
    from pairs
    inner join per_advertiser on pairs.day = per_advertiser.day
    where pairs.own_weight = 0
    group by pairs.requested_on, per_advertiser.{{ price_keys | join(', per_advertiser.') }}

),

usual_prices as (

    select
        requested_on,
        {{ price_keys | join(',\n        ') }},
        {{- per_kind('<kind> / nullif(clicks, 0) as <kind>_price') | indent(4) }}
    from usual_sums

),

-- What whoever had no click before is expected to pay: what all pay there, or else anywhere. Nobody
-- is expected to get money back.
prices_of_places as (

    select
        {{ (['requested_on'] + places) | join(',\n        ') }},
        {{- per_kind(ratio('sum(<kind>)', 'sum(clicks)') ~ ' as <kind>_price') | indent(4) }}
    from usual_sums
    group by {{ (['requested_on'] + places) | join(', ') }}

),

prices_of_all as (

    select
        requested_on,
        {{- per_kind(ratio('sum(<kind>)', 'sum(clicks)') ~ ' as <kind>_price') | indent(4) }}
    from usual_sums
    group by requested_on

),

held as (

    select
        pairs.requested_on,
        pairs.day,
        pairs.base_weight,
        pairs.own_weight,
        per_advertiser.{{ dimensions | join(',\n        per_advertiser.') }},
        {{- per_kind('sum(per_advertiser.<kind>) as <kind>') | indent(4) }},
        {{- per_kind(
            'sum(per_advertiser.clicks * greatest(0e0, coalesce(usual_prices.<kind>_price, '
            ~ 'prices_of_places.<kind>_price, prices_of_all.<kind>_price))) as expected_<kind>'
        ) | indent(4) }}
    from pairs
    inner join per_advertiser on pairs.day = per_advertiser.day
    inner join prices_of_all on pairs.requested_on = prices_of_all.requested_on
    left join usual_prices
        on
            pairs.requested_on = usual_prices.requested_on
            {%- for key in price_keys %}
            and per_advertiser.{{ key }} = usual_prices.{{ key }}
            {%- endfor %}
    left join prices_of_places
        on
            pairs.requested_on = prices_of_places.requested_on
            {%- for key in places %}
            and per_advertiser.{{ key }} = prices_of_places.{{ key }}
            {%- endfor %}
    group by
        pairs.requested_on,
        pairs.day,
        pairs.base_weight,
        pairs.own_weight,
        per_advertiser.{{ dimensions | join(',\n        per_advertiser.') }}

),

-- How high prices were on each earlier day, for everybody.
price_levels as (

    select
        requested_on,
        day,
        count(*) over (partition by requested_on) as known_days,
        {{- per_kind(ratio('sum(<kind>)', 'sum(expected_<kind>)') ~ ' as <kind>') | indent(4) }}
    from held
    where own_weight = 0
    group by requested_on, day

),

levelled as (

    select
        held.requested_on,
        held.day,
        held.{{ dimensions | join(',\n        held.') }},
        price_levels.known_days,
        {{- per_kind('held.<kind>') | indent(4) }},
        {{- per_kind('held.expected_<kind> * price_levels.<kind> as expected_<kind>') | indent(4) }}
    from held
    inner join price_levels
        on held.requested_on = price_levels.requested_on and held.day = price_levels.day
    where held.own_weight = 0

),

elements as (

    select
        requested_on,
        day,
        {{ grouped_by(dimensions) | indent(8) }} as dimension,
        {{ grouped_value(dimensions) | indent(8) }} as element,
        max(known_days) as known_days,
        {{- per_kind('sum(<kind>) as <kind>') | indent(4) }},
        {{- per_kind('sum(expected_<kind>) as expected_<kind>') | indent(4) }}
    from levelled
    group by {{ slice_sets(['requested_on', 'day'], dimensions, 1) | indent(4) }} -- noqa: PRS

),

-- A slice is held against what is usual in it: its clicks may be worth more than others.
usual_elements as (

    select
        requested_on,
        known_days,
        {{- per_kind('<kind>') | indent(4) }},
        {{- per_kind(
            'expected_<kind> * sum(<kind>) over (partition by requested_on, dimension, element) '
            ~ '/ nullif(sum(expected_<kind>) over (partition by requested_on, dimension, element), '
            ~ '0e0) as usual_<kind>'
        ) | indent(4) }}
    from elements

),

distances as (

    select
        requested_on,
        known_days,
        {{- per_kind(
            'case when usual_<kind> > 0 then power(<kind> - usual_<kind>, 2e0) / usual_<kind> end '
            ~ 'as <kind>'
        ) | indent(4) }}
    from usual_elements
    where known_days > 1

),

-- The variance of each kind over what is expected of it: what one event is worth. The middle one of
-- squared normal draws is 0.4549 of their variance; and of so many days one made the mean itself.
variances as (

    select
        requested_on,
        {{- per_kind(
            'percentile_cont(0.5e0) within group (order by <kind>) / 0.4549e0 '
            ~ '* max(known_days) / (max(known_days) - 1e0) as <kind>'
        ) | indent(4) }}
    from distances
    group by requested_on

),

-- Where all pay the same for each click, one is not worth more than ten events. A kind of which
-- nothing is known counts for nothing.
weights as (

    select
        variances.requested_on,
        {{- per_kind(
            'case when variances.<kind> >= 0 and prices_of_all.<kind>_price > 0 then 1e0 / greatest('
            ~ 'variances.<kind>, 0.1e0 * prices_of_all.<kind>_price) else 0e0 end as <kind>'
        ) | indent(4) }}
    from variances
    inner join prices_of_all on variances.requested_on = prices_of_all.requested_on

),

weighed as (

    select
        held.requested_on,
        held.day,
        held.base_weight,
        held.own_weight,
        held.{{ dimensions | join(',\n        held.') }},
        {{- per_kind('weights.<kind> * held.<kind>', ' +') | indent(4) }} as paid,
        {{- per_kind('weights.<kind> * held.expected_<kind>', ' +') | indent(4) }} as usual
    from held
    inner join weights on held.requested_on = weights.requested_on

),

usual_days as (

    select
        requested_on,
        day,
        sum(usual) as events,
        {{ ratio('sum(paid)', 'sum(usual)') }} as price_level
    from weighed
    where own_weight = 0
    group by requested_on, day

),

-- What moves the prices of all alike, beyond the noise of their slices.
commons as (

    select
        requested_on,
        {{ ratio('sum(events)', 'count(*)') }} as events,
        var_samp(price_level)
        / nullif(power({{ ratio('sum(price_level)', 'count(price_level)') }}, 2e0), 0e0) as variance
    from usual_days
    group by requested_on

),

summed as (

    select
        requested_on,
        {{ dimensions | join(',\n        ') }},
        sum(base_weight * paid) as forecast,
        sum(own_weight * paid) as actual,
        sum(base_weight * usual) as forecast_divisor,
        sum(own_weight * usual) as actual_divisor
    from weighed
    group by requested_on, {{ dimensions | join(', ') }}

),

told as (

    select
        incidents.requested_on,
        incidents.metric,
        summed.{{ dimensions | join(',\n        summed.') }},
        summed.forecast,
        summed.actual,
        summed.forecast_divisor,
        summed.actual_divisor,
        coalesce(
            greatest(
                commons.variance - 1e0 / nullif(commons.events, 0e0),
                commons.variance / 4e0
            ),
            0e0
        ) as common
    from incidents
    inner join summed on incidents.requested_on = summed.requested_on
    inner join commons on incidents.requested_on = commons.requested_on
    where commons.events > 0 and {{ is_click_price('incidents.metric') }}

)

select * from told
