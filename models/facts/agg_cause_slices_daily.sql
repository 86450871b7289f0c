-- Grain: one row per day, metric that is asked for a cause, and round of the search: the slice that
-- differs most from all the rest, then the next one without it, and so on, as long as there is
-- evidence, of which a further slice needs more.
-- Not additive: slices of several dimensions overlap. Apart from the mart that serves them, because
-- Spark plans the rounds and what is made of them in much less time as two statements than as one.
{{ config(materialized='table', tags='explanation') }}
{%- set settings = dict(
    var('root_causes'), rounds=first_when_linted(range(var('root_causes').rounds), least=2) | length
) %}
with leaves as (

    select * from {{ ref('agg_cause_leaves_daily') }}

),

{{ search_slices(
    'slice', 'leaves', ['requested_on', 'metric'], var('dimensions'), settings
) }}

select * from slice_found
