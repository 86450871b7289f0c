{#- Slices of a day with exact distinct counts: each dimension in one pass over the requests of each user. -#}
{% macro sums() -%}
        sum(requests) as requests,
        sum(ad_requests) as ad_requests,
        sum(ad_impressions) as ad_impressions,
        sum(ad_clicks) as ad_clicks,
        sum(ad_clicked_requests) as ad_clicked_requests,
        sum(ad_actions) as ad_actions,
        sum(action_value_micros) as action_value_micros,
        sum(revenue_micros) as revenue_micros,
        sum(results_returned) as results_returned,
        sum(commercial_results_returned) as commercial_results_returned,
        sum(impressions) as impressions,
        sum(clicks) as clicks,
        sum(clicked_requests) as clicked_requests,
        sum(actions) as actions,
        sum(clicks) + sum(repeated_clicks) as detail_views,
        sum(invalid_clicks) as invalid_clicks,
        sum(repeated_clicks) as repeated_clicks
{%- endmacro %}
{% macro of_users(keys, where='') -%}
    select
        {{ keys | join(', ') }},
        user_id,
        count(*) as requests,
        count(*) filter (where ad_impressions > 0) as ad_requests,
        sum(ad_impressions) as ad_impressions,
        sum(ad_clicks) as ad_clicks,
        count(*) filter (where ad_clicks > 0) as ad_clicked_requests,
        sum(ad_actions) as ad_actions,
        sum(action_value_micros) as action_value_micros,
        sum(revenue_micros) as revenue_micros,
        sum(results_returned) as results_returned,
        sum(commercial_results_returned) as commercial_results_returned,
        sum(impressions) as impressions,
        sum(clicks) as clicks,
        count(*) filter (where clicks > 0) as clicked_requests,
        sum(actions) as actions,
        sum(invalid_clicks) as invalid_clicks,
        sum(repeated_clicks) as repeated_clicks
    from funnel
    {{ 'where ' ~ where if where }}
    group by {{ keys | join(', ') }}, user_id
{%- endmacro %}
{% macro slice(relation, keys) -%}
    select
        {{ keys | join(', ') }},
        {{ sums() }},
        count(*) filter (where user_id is not null) as users,
        count(*) filter (where user_id is not null and ad_impressions > 0) as ad_users,
        count(*) filter (where user_id is not null and clicks > 0) as clicking_users,
        count(*) filter (where user_id is not null and ad_clicks > 0) as ad_clicking_users,
        count(*) filter (where user_id is not null and clicks + repeated_clicks > 0) as detail_view_users,
        count(*) filter (where user_id is not null and actions > 0) as acting_users
    from (
        select
            {{ keys | join(', ') }},
            user_id,
            {{ sums() }}
        from {{ relation }}
        group by {{ keys | join(', ') }}, user_id
    ) as of_user
    group by {{ keys | join(', ') }}
{%- endmacro %}
