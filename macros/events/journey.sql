{#- What a click, a conversion or a charge takes over from its impression: the request and the day under
    which it is counted, whatever its own moment, and who pays for what. -#}
{% macro journey_columns() %}
    {{ return(
        ['request_id', 'requested_on', 'is_commercial', 'pricing_model', 'impression_advertiser_id']
    ) }}
{% endmacro %}


{#- The same, as an impression itself has them. -#}
{% macro journey_columns_of_impressions() %}
    {% set columns = [] %}
    {% for name in journey_columns() %}
        {% do columns.append('advertiser_id as ' ~ name if name == 'impression_advertiser_id' else name) %}
    {% endfor %}
    {{ return(columns) }}
{% endmacro %}


{#- The rows among which the parents of a batch's events are looked for. -#}
{% macro parents_in_batch(log) -%}
    {{ in_batch('landed_on', var('attribution_days')[log], 1) }}
{%- endmacro %}


{#- Beside it, in the from clause: how many they are. -#}
{% macro counted_parents_in_batch(log, column) -%}
    {{ counted_in_batch(column, var('attribution_days')[log], 1) }}
{%- endmacro %}


{#- A parent counts as such within the attribution window of its kind of child, in landed days: the child may
    have landed a day ahead of it (around midnight), and no more than so many days behind. -#}
{% macro within_attribution(log, child, parent) -%}
    {{ child }}.landed_on between {{ parent }}.parent_landed_on - 1
    and {{ parent }}.parent_landed_on + {{ var('attribution_days')[log] }}
{%- endmacro %}
