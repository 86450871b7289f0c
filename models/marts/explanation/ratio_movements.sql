-- Grain: one row per comparison, period, slice, metric and effect (rate, mix and unattributed;
-- volume for requests).
-- Additive over the values of one dimension and over the effects: movement, to that of the whole's
-- ratio, and revenue_movement, to the change of revenue that the metric made; revenue_movement also
-- over the factors of one identity of revenue, requests among them, to the change of revenue.
-- Nothing else adds up.
-- Beside revenue_drivers, which asks each slice what its own behaviour did to its own revenue: this
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

    {%- set moved = first_when_linted(['requests'] + metrics_of_components(), least=2) %}
    {{ movements_of(moved, 'pairs', keys, within) | indent(4) }}

)

select * from movements
