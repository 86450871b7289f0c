{#- What the staging model of a foreign log format needs beyond the plain conversions of values. -#}

{#- An event table that a log does not have: its columns, no row. -#}
{% macro no_events(table) -%}
    select
        {%- for column in event_columns(table) + ['ingested_at'] %}
        cast(null as {{ event_column_type(column) }}) as {{ column }},
        {%- endfor %}
        cast(null as date) as landed_on,
        cast(null as string) as raw_row,
        cast(null as string) as reject_reasons
    where false
{%- endmacro %}


{#- The type of a typed event column, by its name. -#}
{% macro event_column_type(column) %}
    {% if column.endswith('_at') %}
        {{ return('timestamp') }}
    {% elif column.startswith('is_') %}
        {{ return('boolean') }}
    {% elif column.startswith('predicted_') %}
        {{ return('double') }}
    {% elif column.endswith('_micros') or column.endswith('results_returned') or column == 'position' %}
        {{ return('bigint') }}
    {% endif %}
    {{ return('string') }}
{% endmacro %}


{#- A key for the lines of a log that has none: the fingerprint of the line's values and a running
    number among lines with the same values. It depends on the line alone, not on where the line stands
    in the file or in which order the file is read. -#}
{% macro line_key(columns) -%}
    {%- set values = [] -%}
    {%- for column in columns -%}
        {%- do values.append("coalesce(cast(" ~ column ~ " as string), '')") -%}
    {%- endfor -%}
    {%- set fingerprint = "md5(concat_ws('|', " ~ values | join(', ') ~ '))' -%}
    {{ fingerprint }}
        || '-'
        || cast(row_number() over (partition by {{ fingerprint }}) as string)
{%- endmacro %}


{#- A moment written as digits only, yyyyMMddHHmmssSSS, on a clock so many hours ahead of UTC. NULL
    where it is anything else. -#}
{% macro compact_local_time(column, hours_ahead) -%}
    {%- set text = to_text(column) -%}
    case
        when length({{ text }}) = 17
            then
                try_cast(
                    substr({{ text }}, 1, 4) || '-' || substr({{ text }}, 5, 2) || '-'
                    || substr({{ text }}, 7, 2) || ' ' || substr({{ text }}, 9, 2) || ':'
                    || substr({{ text }}, 11, 2) || ':' || substr({{ text }}, 13, 2) || '.'
                    || substr({{ text }}, 15, 3) as timestamp
                ) - interval '{{ hours_ahead }}' hour
    end
{%- endmacro %}


{#- A whole number times a whole factor, as an integer; NULL where the product does not fit one. -#}
{% macro scaled_integer(column, factor) -%}
    try_cast(cast({{ to_integer(column) }} as decimal(19, 0)) * {{ factor }} as bigint)
{%- endmacro %}


{#- Factors whose double entry parts by the nature of the log that is read: a sample that states how many
    ads a page had and holds one of them. Declared beside a staging model of that log, with the reason:
    `config: {meta: {gaps_by_nature: {asn: reason}}}`. -#}
{% macro gaps_by_nature() %}
    {% set factors = [] %}
    {% if execute %}
        {% for node in models_by_id().values() %}
            {% do factors.extend(node.config.get('meta', {}).get('gaps_by_nature', {}).keys()) %}
        {% endfor %}
    {% endif %}
    {{ return(factors) }}
{% endmacro %}
