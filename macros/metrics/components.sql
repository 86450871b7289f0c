{#- The additive components, each as the aggregate over fct_requests that makes it. Whoever needs a
    slice adds these up; every ratio is made from them and from nothing else. What the platform was asked
    for and showed, and what came of it, are kept apart: the first is settled in days, the second in
    weeks, and is far less. -#}
{% macro traffic_components() %}
    {{ return({
        'requests': 'count(*)',
        'ad_requests': 'count(*) filter (where ad_impressions > 0)',
        'sent_ad_requests': 'count(*) filter (where commercial_results_returned > 0)',
        'ad_requests_not_sent':
            'count(*) filter (where ad_impressions > 0 and commercial_results_returned = 0)',
        'ad_requests_not_shown':
            'count(*) filter (where ad_impressions = 0 and commercial_results_returned > 0)',
        'ad_impressions_not_sent': 'sum(greatest(ad_impressions - commercial_results_returned, 0))',
        'ad_impressions_not_shown': 'sum(greatest(commercial_results_returned - ad_impressions, 0))',
        'results_returned': 'sum(results_returned)',
        'commercial_results_returned': 'sum(commercial_results_returned)',
        'impressions': 'sum(impressions)',
        'ad_impressions': 'sum(ad_impressions)',
    }) }}
{% endmacro %}

{% macro response_components() %}
    {% set expressions = {
        'ad_clicked_requests': 'count(*) filter (where ad_clicks > 0)',
        'clicked_requests': 'count(*) filter (where clicks > 0)',
    } %}
    {% for count in response_counts() %}
        {% do expressions.update({count: 'sum(' ~ count ~ ')'}) %}
    {% endfor %}
    {{ return(expressions) }}
{% endmacro %}

{% macro component_expressions() %}
    {% set expressions = traffic_components() %}
    {% do expressions.update(response_components()) %}
    {{ return(expressions) }}
{% endmacro %}


{#- What the impressions of a request add up to, as sums over fct_responses. -#}
{% macro response_counts() %}
    {{ return([
        'clicks', 'ad_clicks', 'detail_views', 'invalid_clicks', 'repeated_clicks', 'actions',
        'ad_actions', 'cpc_clicks', 'charged_clicks', 'cpc_clicks_not_charged',
        'charges_without_click',
    ]) }}
{% endmacro %}

{% macro response_sums() -%}
    sum(clicks) as clicks,
    sum(clicks) filter (where is_commercial) as ad_clicks,
    sum(clicks + repeated_clicks) as detail_views,
    sum(invalid_clicks) as invalid_clicks,
    sum(repeated_clicks) as repeated_clicks,
    sum(actions) as actions,
    sum(actions) filter (where is_commercial) as ad_actions,
    sum(action_value_micros) filter (where is_commercial) as action_value_micros,
    sum(revenue_micros) as revenue_micros,
    sum(clicks) filter (where is_commercial and pricing_model = 'cpc') as cpc_clicks,
    sum(click_charges) as charged_clicks,
    sum(
        case
            when is_commercial and pricing_model = 'cpc'
                then greatest(clicks - click_charges, 0)
        end
    ) as cpc_clicks_not_charged,
    sum(
        case
            when is_commercial and pricing_model = 'cpc'
                then greatest(click_charges - clicks, 0)
            else click_charges
        end
    ) as charges_without_click
{%- endmacro %}


{% macro money_components() %}
    {{ return(['action_value', 'revenue']) }}
{% endmacro %}


{#- Sums over fct_requests: counts, then money in micro-units. -#}
{% macro component_sums() -%}
    {{ counts_of(component_expressions()) }},
    {{- sums_of_money() }}
{%- endmacro %}

{% macro counts_of(expressions) -%}
    {%- for name, expression in expressions.items() %}
    cast(coalesce({{ expression }}, 0) as bigint) as {{ name }}{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{% macro sums_of_money() -%}
    {%- for name in money_components() %}
    cast(coalesce(sum({{ name }}_micros), 0) as decimal(38, 0)) as {{ name }}_micros
    {{- ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}


{#- The same, summed up once more from a relation that component_sums made; money in units. -#}
{% macro component_rollups() -%}
    {%- for name in component_expressions() %}
    cast(sum({{ name }}) as bigint) as {{ name }},
    {%- endfor %}
    {%- for name in money_components() %}
    {{ micros_to_units('sum(' ~ name ~ '_micros)') }} as {{ name }}{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}


{#- Sums of a relation that an outer join may have left without a row: 0 there. `type` casts them. -#}
{% macro zero_where_absent(relation, names, type=none) -%}
    {%- for name in names %}
    {%- set value = 'coalesce(' ~ relation ~ '.' ~ name ~ ', 0)' %}
    {{ 'cast(' ~ value ~ ' as ' ~ type ~ ')' if type else value }} as {{ name }}
    {{- ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}


{#- Users who did a thing, each once: exact at the grain of the query, never to be summed. -#}
{% macro distinct_users() -%}
    count(distinct user_id) as users,
    count(distinct user_id) filter (where ad_impressions > 0) as ad_users,
    count(distinct user_id) filter (where clicks > 0) as clicking_users,
    count(distinct user_id) filter (where ad_clicks > 0) as ad_clicking_users,
    count(distinct user_id) filter (where detail_views > 0) as detail_view_users,
    count(distinct user_id) filter (where actions > 0) as acting_users
{%- endmacro %}


{#- Counts that a served slice shows: its components and its distinct counts, in column order. -#}
{% macro served_components() %}
    {{ return([
        'requests', 'ad_requests', 'ad_impressions', 'ad_clicks', 'ad_clicked_requests', 'ad_actions',
        'action_value', 'revenue', 'results_returned', 'commercial_results_returned', 'impressions',
        'clicks', 'clicked_requests', 'actions', 'detail_views', 'invalid_clicks', 'repeated_clicks',
    ]) }}
{% endmacro %}

{% macro distinct_counts() %}
    {{ return([
        'users', 'ad_users', 'clicking_users', 'ad_clicking_users', 'detail_view_users',
        'acting_users', 'active_advertisers',
    ]) }}
{% endmacro %}
