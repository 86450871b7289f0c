-- Grain: one row per day and combination of the reporting dimensions. Additive: every count and
-- amount. Distinct counts cannot be added up and are not here: they are taken from fct_requests.
with requests as (

    select * from {{ ref('fct_requests') }}

),

aggregated as (

    select
        requested_on,
        {{ var('dimensions') | join(',\n        ') }},
        {{ component_sums() | indent(8) }}
    from requests
    group by requested_on, {{ var('dimensions') | join(', ') }}

)

select * from aggregated
