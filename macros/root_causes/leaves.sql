{#- What the explained metrics are made of, at the grain that a cause is looked for in. -#}

{#- The components that explained metrics are made of, each once. -#}
{% macro explained_parts() %}
    {% set found = [] %}
    {% for metric in explained_metrics() %}
        {% for part in [metric.numerator, metric.denominator] if part and part not in found %}
            {% do found.append(part) %}
        {% endfor %}
    {% endfor %}
    {{ return(found) }}
{% endmacro %}


{#- The sum of each over the base days and over the day itself, base_<name> and own_<name>, from a relation of
    the funnel and one of the weights of its days. -#}
{% macro weighted_parts(funnel, days) -%}
    {%- for part in explained_parts() %}
    {%- set value = funnel ~ '.' ~ part if part not in money_components()
        else '0.000001e0 * cast(' ~ funnel ~ '.' ~ part ~ '_micros as double)' %}
    sum({{ days }}.base_weight * {{ value }}) as base_{{ part }},
    sum({{ days }}.own_weight * {{ value }}) as own_{{ part }}{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{#- The numerator or denominator of the metric that a column names, of the sums that start with `sums`; NULL
    where it has none. -#}
{% macro part_of_metric(metric_name, sums, part) -%}
    case {{ metric_name }}
        {%- for metric in explained_metrics() if metric[part] %}
        {%- set scale = metric.scale ~ 'e0 * ' if part == 'numerator' else '' %}
        when '{{ metric.name }}' then {{ scale }}{{ sums }}_{{ metric[part] }}
        {%- endfor %}
        {#- A case of nothing is no SQL, where no metric has this part. #}
        when '' then cast(null as double)
    end
{%- endmacro %}


{#- The explained metrics that are revenue per click: what an advertiser pays for one. -#}
{% macro click_price_metrics() %}
    {{ return(
        explained_metrics() | selectattr('numerator', 'equalto', 'revenue')
        | selectattr('denominator', 'equalto', 'ad_clicks') | list
    ) }}
{% endmacro %}

{#- The condition that a column names one of them. -#}
{% macro is_click_price(metric) -%}
    coalesce(cast({{ metric }} as string) in ({{ names_of(click_price_metrics()) or 'null' }}), false)
{%- endmacro %}


{#- The days that a day with an incident is held against: the same weekday of the earlier weeks, without days of
    promotions and holidays and without days with alarms. CTEs that end in `days_wanted`: requested_on, day,
    base_weight (those of all its days add up to 1) and own_weight (1 of the day itself). -#}
{% macro compared_days(incidents, calendar) -%}
incident_days as (

    select distinct requested_on from {{ incidents }}

),

alarm_days as (

    select distinct requested_on from {{ incidents }}
    where has_alarm

),

earlier_weeks as (

    select {{ each_number_to(var('expectation').weeks) }} as weeks_back

),

base_days as (

    select
        incident_days.requested_on,
        calendar.day,
        count(*) over (partition by incident_days.requested_on) as known_days
    from incident_days
    cross join earlier_weeks
    inner join {{ calendar }} as calendar
        on incident_days.requested_on - cast(7 * earlier_weeks.weeks_back as integer) = calendar.day
    left join alarm_days on calendar.day = alarm_days.requested_on
    where calendar.calendar_events is null and alarm_days.requested_on is null

),

days_wanted as (

    select
        requested_on,
        day,
        1e0 / known_days as base_weight,
        0e0 as own_weight
    from base_days

    union all

    select
        requested_on,
        requested_on as day,
        0e0 as base_weight,
        1e0 as own_weight
    from incident_days

)
{%- endmacro %}
