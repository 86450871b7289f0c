-- Grain: one row per comparison, period, slice, metric and effect (rate, mix; volume for requests).
-- Additive over the values of one dimension and over the effects: movement, to that of the whole's ratio, and
-- revenue_movement, to the whole's change of revenue that the metric made; revenue_movement also over the
-- factors of one revenue identity, requests among them, to the change of revenue. Nothing else adds up.
-- Why beside revenue_drivers: that one asks each slice what its own behaviour did to its own revenue; this one
-- asks what made the headline ratio move, which a mix of steady slices can do alone (Simpson).
{%- set keys = [
    'comparison', 'period', 'period_starts_on', 'base_starts_on', 'is_to_date', 'dimension',
    'dimension_value',
] %}
{%- set within = ['comparison', 'period_starts_on', 'dimension'] %}
with pairs as (

    select * from {{ ref('agg_periods_compared') }}

),

movements as (

    {%- for name in ['requests'] + metrics_of_components() %}
    {{ 'union all' if not loop.first }}
    {{ movements_of(name, 'pairs', keys, within) | indent(4) }}
    {%- endfor %}

)

select * from movements
