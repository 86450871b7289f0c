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

{#- Of the counts of `names` where given, and how many requests were clicked where clicks are among them. -#}
{% macro response_components(names=none) %}
    {% set counts = names or response_counts() %}
    {% set expressions = {} %}
    {% if 'clicks' in counts %}
        {% do expressions.update({
            'ad_clicked_requests': 'count(*) filter (where ad_clicks > 0)',
            'clicked_requests': 'count(*) filter (where clicks > 0)',
        }) %}
    {% endif %}
    {% for count in counts %}
        {% do expressions.update({count: 'sum(' ~ count ~ ')'}) %}
    {% endfor %}
    {{ return(expressions) }}
{% endmacro %}

{% macro component_expressions() %}
    {% set expressions = traffic_components() %}
    {% do expressions.update(response_components()) %}
    {{ return(expressions) }}
{% endmacro %}


{#- What the impressions of a request add up to, as sums over fct_responses: what is known within days of the
    request, and what comes for weeks. -#}
{% macro early_response_counts() %}
    {{ return([
        'clicks', 'ad_clicks', 'detail_views', 'invalid_clicks', 'repeated_clicks', 'cpc_clicks',
        'charged_clicks', 'cpc_clicks_not_charged', 'charges_without_click',
    ]) }}
{% endmacro %}

{% macro late_response_counts() %}
    {{ return(['actions', 'ad_actions']) }}
{% endmacro %}

{% macro response_counts() %}
    {{ return(early_response_counts() + late_response_counts()) }}
{% endmacro %}

{% macro response_sums(names) -%}
    {%- set sums = {
        'clicks': 'sum(clicks)',
        'ad_clicks': 'sum(clicks) filter (where is_commercial)',
        'detail_views': 'sum(clicks + repeated_clicks)',
        'invalid_clicks': 'sum(invalid_clicks)',
        'repeated_clicks': 'sum(repeated_clicks)',
        'actions': 'sum(actions)',
        'ad_actions': 'sum(actions) filter (where is_commercial)',
        'action_value_micros': 'sum(action_value_micros) filter (where is_commercial)',
        'revenue_micros': 'sum(revenue_micros)',
        'cpc_clicks': "sum(clicks) filter (where is_commercial and pricing_model = 'cpc')",
        'charged_clicks': 'sum(click_charges)',
        'cpc_clicks_not_charged': "sum(case when is_commercial and pricing_model = 'cpc' "
            ~ 'then greatest(clicks - click_charges, 0) end)',
        'charges_without_click': "sum(case when is_commercial and pricing_model = 'cpc' "
            ~ 'then greatest(click_charges - clicks, 0) else click_charges end)',
    } -%}
    {%- for name in names %}
    {{ sums[name] }} as {{ name }}{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}


{% macro money_components() %}
    {{ return(['action_value', 'revenue']) }}
{% endmacro %}


{#- Sums over requests: counts, then money in micro-units. -#}
{% macro counts_of(expressions) -%}
    {%- for name, expression in expressions.items() %}
    cast(coalesce({{ expression }}, 0) as bigint) as {{ name }}{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{% macro sums_of_money(names=none) -%}
    {%- for name in names or money_components() %}
    cast(coalesce(sum({{ name }}_micros), 0) as decimal(38, 0)) as {{ name }}_micros
    {{- ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}


{#- The components, summed up once more from agg_funnel_daily; money in units. -#}
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
