-- For each delivered row that names a parent: the parent is accepted, or a row of that key stands
-- in quarantine. What is neither would be a child that dropped out in silence, or one that counts
-- without anything to count it under.
{%- set links = [
    ['impressions', 'request_id', 'requests', 'true'],
    ['clicks', 'impression_id', 'impressions', 'true'],
    ['actions', 'click_id', 'clicks', 'true'],
    ['charges', 'event_id', 'impressions', "children.charged_event = 'impression'"],
    ['charges', 'event_id', 'clicks', "children.charged_event = 'click'"],
    ['charges', 'event_id', 'actions', "children.charged_event = 'action'"],
    ['charges', 'original_charge_id', 'charges', "children.charged_event = 'adjustment'"],
] %}
with children_alone as (
    {% for child, foreign_key, parent, condition in links %}
    select
        '{{ child }}' as event_table,
        children.{{ event_columns(child)[0] }} as event_key,
        children.{{ foreign_key }} as parent_key
    from {{ of_tested_days(ref('int_events__' ~ child ~ '_judged'), 'landed_on') }} as children
    left join {{ accepted_parents(parent, child) }} as parents
        on children.{{ foreign_key }} = parents.{{ event_columns(parent)[0] }}
    where
        children.{{ foreign_key }} is not null
        and parents.{{ event_columns(parent)[0] }} is null
        and {{ condition }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}

)

select children_alone.*
from children_alone
left join {{ ref('fct_quarantined_events') }} as quarantined
    on
        children_alone.event_table = quarantined.event_table
        and children_alone.event_key is not distinct from quarantined.event_key
where quarantined.event_table is null
