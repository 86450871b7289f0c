{#- The typed columns of an event table, key first, without `ingested_at`: the content by which two
    deliveries of one key are told apart, in the order in which every adapter stages them. -#}
{% macro event_columns(table) %}
    {{ return({
        'requests': [
            'request_id', 'requested_at', 'user_id', 'device_id', 'surface', 'entry_point', 'app_id',
            'region_code', 'country_code', 'device_type', 'results_returned',
            'commercial_results_returned',
        ],
        'impressions': [
            'impression_id', 'request_id', 'impressed_at', 'result_id', 'is_commercial',
            'advertiser_id', 'campaign_id', 'creative_id', 'position', 'pricing_model', 'bid_micros',
            'predicted_ctr', 'predicted_cvr',
        ],
        'clicks': ['click_id', 'impression_id', 'clicked_at', 'is_invalid', 'invalid_reason'],
        'actions': [
            'action_id', 'click_id', 'user_id', 'advertiser_id', 'acted_at', 'action_type',
            'action_value_micros', 'currency',
        ],
        'charges': [
            'charge_id', 'charged_event', 'event_id', 'advertiser_id', 'charged_at', 'amount_micros',
            'currency', 'original_charge_id',
        ],
    }[table]) }}
{% endmacro %}


{#- The column that says when an event of the table happened. -#}
{% macro event_moment(table) %}
    {{ return({
        'requests': 'requested_at',
        'impressions': 'impressed_at',
        'clicks': 'clicked_at',
        'actions': 'acted_at',
        'charges': 'charged_at',
    }[table]) }}
{% endmacro %}


{#- The event tables, parents before children. -#}
{% macro event_tables() %}
    {{ return(['requests', 'impressions', 'clicks', 'actions', 'charges']) }}
{% endmacro %}


{#- The reporting day of an event, or of its arrival where its own moment is unreadable. -#}
{% macro event_day(table, relation=none) -%}
    {%- set prefix = relation ~ '.' if relation else '' -%}
    {{ reporting_day('coalesce(' ~ prefix ~ event_moment(table) ~ ', ' ~ prefix ~ 'ingested_at)') }}
{%- endmacro %}


{#- {model: landed_on} of the models that judge the event logs, for models that follow all of them. -#}
{% macro every_judged_log() %}
    {{ return({
        'int_events__requests_judged': 'landed_on',
        'int_events__impressions_judged': 'landed_on',
        'int_events__clicks_judged': 'landed_on',
        'int_events__actions_judged': 'landed_on',
        'int_events__event_charges_judged': 'landed_on',
        'int_events__adjustments_judged': 'landed_on',
    }) }}
{% endmacro %}
