-- Grain: one row per day, reporting dimension and value of it.
-- Additive over the values of one dimension and over days: every count and amount. Not additive:
-- distinct counts, ratios, and anything across two dimensions.
with slices as (

    select * from {{ ref('agg_slices_daily') }}

),

segments as (

    select
        requested_on,
        dimension,
        dimension_value,
        {{ served_components() | join(',\n        ') }},
        {{ distinct_counts() | join(',\n        ') }},
        {{- metric_columns(served_metrics()) | indent(4) }}
    from slices
    where dimension <> '(all)'

)

select * from segments
