{#- What is watched: additive components, distinct counts and declared metrics, by the variable
    `watched_metrics`. Each is a value, the events that it rests on (the fewest of those that enter it: what
    counting alone lets it vary by), and what it is divided by. Money rests on what is paid for. -#}
{% macro watched_metrics() %}
    {% set rests_on = {'revenue': 'ad_clicks', 'action_value': 'ad_actions'} %}
    {% set known = component_expressions().keys() | list + money_components() + distinct_counts() %}
    {% set found = [] %}
    {% for name in var('watched_metrics') %}
        {% set declared = var('metrics').get(name) %}
        {% if declared and not declared.minus and declared.get('over', 'funnel') == 'funnel' %}
            {% set parts = [declared.numerator, declared.denominator] %}
            {% do found.append({
                'name': name,
                'value': metric(name),
                'events': 'least(' ~ rests_on.get(parts[0], parts[0]) ~ ', '
                    ~ rests_on.get(parts[1], parts[1]) ~ ')',
                'exposure': parts[1],
                'numerator': parts[0],
                'denominator': parts[1],
                'scale': declared.get('scale', 1),
                'is_money': parts[0] in rests_on or parts[1] in rests_on,
            }) %}
        {% elif name in known %}
            {% do found.append({
                'name': name,
                'value': name,
                'events': rests_on.get(name, name),
                'exposure': none,
                'numerator': name,
                'denominator': none,
                'scale': 1,
                'is_money': name in rests_on,
            }) %}
        {% else %}
            {{ exceptions.raise_compiler_error(
                'The variable watched_metrics in dbt_project.yml names "' ~ name ~ '", which cannot be '
                ~ 'watched. Name a component (' ~ known | join(', ') ~ ') or a metric of the funnel '
                ~ 'whose numerator takes nothing away; roi, say, is watched as roas.'
            ) }}
        {% endif %}
    {% endfor %}
    {{ return(found) }}
{% endmacro %}


{#- The watched metrics that are sums over requests, or ratios of such: what slices can be blamed for. Users
    and advertisers of two slices overlap. -#}
{% macro explained_metrics() %}
    {% set found = [] %}
    {% for metric in watched_metrics()
        if metric.numerator not in distinct_counts() and metric.denominator not in distinct_counts() %}
        {% do found.append(metric) %}
    {% endfor %}
    {{ return(found) }}
{% endmacro %}


{#- One row per watched metric, by name. -#}
{% macro watched_metric_names() -%}
    {%- for metric in watched_metrics() %}
    select '{{ metric.name }}' as metric{{ ' union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{#- A part of the watched metric that the column `metric` names, as a double. -#}
{% macro watched_part(part) -%}
    case metric
        {%- for metric in watched_metrics() if metric[part] %}
        when '{{ metric.name }}' then cast({{ metric[part] }} as double)
        {%- endfor %}
    end
{%- endmacro %}


{#- The day that still runs in the reporting time zone while this is built: its counts are not whole. -#}
{% macro running_day() -%}
    date '{{ run_started_at.astimezone(modules.pytz.timezone(var("reporting_time_zone"))).date() }}'
{%- endmacro %}


{#- What these are called, quoted, as a list of SQL. -#}
{% macro names_of(metrics) -%}
    '{{ metrics | map(attribute='name') | join("', '") }}'
{%- endmacro %}


{#- The factors of revenue that are watched, quoted, of the identity that root_causes.identity names. -#}
{% macro factors_to_compare() %}
    {% set name = var('root_causes').identity %}
    {% set identity = var('identities').get(name) %}
    {% if not identity %}
        {{ exceptions.raise_compiler_error(
            'root_causes.identity in dbt_project.yml is "' ~ name ~ '", which is no identity. Name one of '
            ~ var('identities').keys() | join(', ') ~ '.'
        ) }}
    {% endif %}
    {% set found = named_factors(identity) | select('in', var('watched_metrics')) %}
    {{ return("'" ~ found | join("', '") ~ "'") }}
{% endmacro %}
