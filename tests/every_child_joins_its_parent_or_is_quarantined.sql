-- For each delivered row that names a parent: the parent is accepted, or a row of that key stands in
-- quarantine. What is neither would be a child that dropped out in silence, or one that counts without
-- anything to count it under.
{%- set parents = {
    'impressions': [['request_id', 'requests', 'request_id', 'true']],
    'clicks': [['impression_id', 'impressions', 'impression_id', 'true']],
    'actions': [['click_id', 'clicks', 'click_id', 'true']],
    'charges': [
        ['event_id', 'impressions', 'impression_id', "charged_event = 'impression'"],
        ['event_id', 'clicks', 'click_id', "charged_event = 'click'"],
        ['event_id', 'actions', 'action_id', "charged_event = 'action'"],
        ['original_charge_id', 'charges', 'charge_id', "charged_event = 'adjustment'"],
    ],
} %}
with children as (
{%- for table, links in parents.items() %}
{%- set outer_loop = loop %}
{%- set key = event_columns(table)[0] %}
{%- for foreign_key, parent, parent_key, condition in links %}

    select
        '{{ table }}' as event_table,
        children.{{ key }} as event_key,
        children.{{ foreign_key }} as parent_key
    from {{ staged(table) }} as children
    anti join {{ ref('int_events__' ~ parent ~ '_accepted') }} as parents
        on children.{{ foreign_key }} = parents.{{ parent_key }}
    where
        children.{{ foreign_key }} is not null
        and {{ condition }}
    {%- if not (loop.last and outer_loop.last) %}
    union all
    {%- endif %}
{%- endfor %}
{%- endfor %}

)

select children.*
from children
anti join {{ ref('fct_quarantined_events') }} as quarantined
    on
        children.event_table = quarantined.event_table
        and children.event_key is not distinct from quarantined.event_key
