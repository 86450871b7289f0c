-- Grain: one row per day and surface, and one per day for all of them: surface '(all)'.
-- Additive over surfaces and days: every count and amount. Not additive: distinct counts and
-- ratios.
with slices as (

    select * from {{ ref('agg_slices_daily') }}

),

surfaces as (

    select
        requested_on,
        dimension_value as surface,
        {{ served_components() | join(',\n        ') }},
        {{ distinct_counts() | join(',\n        ') }},
        {{- metric_columns(served_metrics()) | indent(4) }}
    from slices
    where dimension in ('(all)', 'surface')

)

select * from surfaces
