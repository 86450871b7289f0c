-- Each declared identity stands in identity_status by definition, for each slice of the marts
-- that it runs over: a day and each segment of it, or a quarter. A status never given cannot
-- fail.
with slices as (

    select
        requested_on as period_starts_on,
        '(all)' as dimension,
        '(all)' as dimension_value,
        'funnel' as subject
    from {{ ref('revenue_daily') }}
    where surface = '(all)'
    union all
    select
        requested_on as period_starts_on,
        dimension,
        dimension_value,
        'funnel' as subject
    from {{ ref('revenue_daily_by_segment') }}
    union all
    select
        quarter_starts_on as period_starts_on,
        'currency' as dimension,
        currency as dimension_value,
        'finance' as subject
    from {{ ref('finance_quarterly') }}

),

declared as (
    {% for name, identity in var('identities').items() %}
    select
        '{{ name }}' as identity,
        '{{ identity.get("over", "funnel") }}' as subject
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}

),

expected as (

    select
        slices.period_starts_on,
        slices.dimension,
        slices.dimension_value,
        declared.identity
    from slices
    inner join declared on slices.subject = declared.subject

),

judged as (

    select
        period_starts_on,
        dimension,
        dimension_value,
        identity
    from {{ ref('identity_status') }}
    where entry = 'definition'

)

select
    coalesce(expected.period_starts_on, judged.period_starts_on) as period_starts_on,
    coalesce(expected.dimension, judged.dimension) as dimension,
    coalesce(expected.dimension_value, judged.dimension_value) as dimension_value,
    coalesce(expected.identity, judged.identity) as identity
from expected
full outer join judged
    on
        expected.period_starts_on = judged.period_starts_on
        and expected.dimension = judged.dimension
        and expected.dimension_value = judged.dimension_value
        and expected.identity = judged.identity
where expected.identity is null or judged.identity is null
