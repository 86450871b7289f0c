{#- A raw value as a type, NULL where it does not parse. Raw values come as text (CSV) or typed
    (Parquet); a typed value passes through. -#}

{% macro to_text(column) -%}
    nullif(trim(cast({{ column }} as string)), '')
{%- endmacro %}

{#- Text with a fraction is no integer: a plain cast would round it. -#}
{% macro to_integer(column) -%}
    case
        when not {{ is_text(column) }} or {{ fully_matches(to_text(column), '-?[0-9]+') }}
            then try_cast({{ column }} as bigint)
    end
{%- endmacro %}

{#- Whether a raw value came as text. -#}
{% macro is_text(column) -%}
    (lower(typeof({{ column }})) in ('string', 'varchar'))
{%- endmacro %}

{#- 'infinity' is a timestamp and 'nan' a double to the engine; neither is one to us. Text that names its
    offset (Z, +08:00) is moved to UTC: a plain cast would drop the offset and keep the clock's hands. -#}
{% macro to_timestamp(column) -%}
    {{ return(adapter.dispatch('to_timestamp', 'tributary')(column)) }}
{%- endmacro %}

{% macro default__to_timestamp(column) -%}
    case
        when not {{ is_text(column) }}
            then
                case
                    when isfinite(try_cast({{ column }} as timestamp))
                        then try_cast({{ column }} as timestamp)
                end
        when isfinite(try_cast({{ column }} as timestamptz))
            then timezone('UTC', try_cast({{ column }} as timestamptz))
    end
{%- endmacro %}

{#- Text that is less than a date would be given today's, or the first of its month. -#}
{% macro spark__to_timestamp(column) -%}
    case
        when
            not {{ is_text(column) }}
            or {{ fully_matches(to_text(column), '[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([ T].*)?') }}
            then cast(try_cast({{ column }} as timestamp_ltz) as timestamp)
    end
{%- endmacro %}

{% macro to_double(column) -%}
    {{ return(adapter.dispatch('to_double', 'tributary')(column)) }}
{%- endmacro %}

{% macro default__to_double(column) -%}
    case
        when isfinite(try_cast({{ column }} as double)) then try_cast({{ column }} as double)
    end
{%- endmacro %}

{% macro spark__to_double(column) -%}
    case
        when abs(try_cast({{ column }} as double)) < double('infinity')
            then try_cast({{ column }} as double)
    end
{%- endmacro %}

{% macro to_boolean(column) -%}
    try_cast({{ column }} as boolean)
{%- endmacro %}

{#- A row of a raw table as it came, with its declared columns, as one value. It is made into text only
    where a row is held back: text for every row costs more than all the rest of its judgement. -#}
{% macro whole_row(source_name, table_name) -%}
    {{ return(adapter.dispatch('whole_row', 'tributary')(source_name, table_name)) }}
{%- endmacro %}

{% macro default__whole_row(source_name, table_name) -%}
    {%- set fields = [] -%}
    {%- for name in raw_column_names(source_name, table_name) -%}
        {%- do fields.append(name ~ ' := ' ~ name) -%}
    {%- endfor -%}
    {{ 'struct_pack(' ~ fields | join(', ') ~ ')' if fields else 'source' }}
{%- endmacro %}

{% macro spark__whole_row(source_name, table_name) -%}
    {%- set fields = [] -%}
    {%- for name in raw_column_names(source_name, table_name) -%}
        {%- do fields.append("'" ~ name ~ "', " ~ name) -%}
    {%- endfor -%}
    {{ 'named_struct(' ~ fields | join(', ') ~ ')' if fields else 'source' }}
{%- endmacro %}

{#- The declared columns of a raw table; none where they cannot be known: while dbt only reads the code,
    and in a unit test, whose whole row is the one that it gives. -#}
{% macro raw_column_names(source_name, table_name) %}
    {% for table in (graph.sources | default({})).values()
        if table.source_name == source_name and table.name == table_name %}
        {{ return(table.columns.keys() | list) }}
    {% endfor %}
    {{ return([]) }}
{% endmacro %}

{#- A whole row as JSON text. -#}
{% macro as_json(row) -%}
    {{ return(adapter.dispatch('as_json', 'tributary')(row)) }}
{%- endmacro %}

{% macro default__as_json(row) -%}
    cast(to_json({{ row }}) as string)
{%- endmacro %}

{% macro spark__as_json(row) -%}
    to_json({{ row }}, map('ignoreNullFields', 'false'))
{%- endmacro %}


{#- A 64-bit hash of a value: the same value has the same one within a query, and nothing else is said. -#}
{% macro hash_of(value) -%}
    {{ return(adapter.dispatch('hash_of', 'tributary')(value)) }}
{%- endmacro %}

{% macro default__hash_of(value) -%}
    hash({{ value }})
{%- endmacro %}

{% macro spark__hash_of(value) -%}
    xxhash64({{ value }})
{%- endmacro %}


{#- Text is a pattern from end to end. -#}
{% macro fully_matches(text, pattern) -%}
    {{ return(adapter.dispatch('fully_matches', 'tributary')(text, pattern)) }}
{%- endmacro %}

{% macro default__fully_matches(text, pattern) -%}
    regexp_full_match({{ text }}, '{{ pattern }}')
{%- endmacro %}

{% macro spark__fully_matches(text, pattern) -%}
    {{ text }} rlike '^({{ pattern }})$'
{%- endmacro %}


{#- The parts of a text between commas, each a row. -#}
{% macro each_part(text) -%}
    {{ return(adapter.dispatch('each_part', 'tributary')(text)) }}
{%- endmacro %}

{% macro default__each_part(text) -%}
    unnest(string_split({{ text }}, ','))
{%- endmacro %}

{% macro spark__each_part(text) -%}
    explode(split({{ text }}, ','))
{%- endmacro %}


{#- The whole numbers from 1, each a row. -#}
{% macro each_number_to(last) -%}
    {{ return(adapter.dispatch('each_number_to', 'tributary')(last)) }}
{%- endmacro %}

{% macro default__each_number_to(last) -%}
    unnest(generate_series(1, {{ last }}))
{%- endmacro %}

{% macro spark__each_number_to(last) -%}
    explode(sequence(1, {{ last }}))
{%- endmacro %}


{#- Texts of a group as one, in an order of their own. -#}
{% macro joined_in_order(text, separator, order_by) -%}
    {{ return(adapter.dispatch('joined_in_order', 'tributary')(text, separator, order_by)) }}
{%- endmacro %}

{% macro default__joined_in_order(text, separator, order_by) -%}
    string_agg({{ text }}, '{{ separator }}' order by {{ order_by }})
{%- endmacro %}

{% macro spark__joined_in_order(text, separator, order_by) -%}
    listagg({{ text }}, '{{ separator }}') within group (order by {{ order_by }})
{%- endmacro %}
