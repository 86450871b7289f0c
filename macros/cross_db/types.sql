{#- A raw value as a type, NULL where it does not parse. Raw values come as text (CSV) or typed
    (Parquet); a typed value passes through. -#}

{% macro to_text(column) -%}
    nullif(trim(cast({{ column }} as varchar)), '')
{%- endmacro %}

{#- Text with a fraction is no integer: a plain cast would round it. -#}
{% macro to_integer(column) -%}
    {{ return(adapter.dispatch('to_integer', 'tributary')(column)) }}
{%- endmacro %}

{% macro default__to_integer(column) -%}
    case
        when
            typeof({{ column }}) <> 'VARCHAR'
            or regexp_full_match(trim(cast({{ column }} as varchar)), '-?[0-9]+')
            then try_cast({{ column }} as bigint)
    end
{%- endmacro %}

{#- 'infinity' is a timestamp and 'nan' a double to the engine; neither is one to us. -#}
{% macro to_timestamp(column) -%}
    {{ return(adapter.dispatch('to_timestamp', 'tributary')(column)) }}
{%- endmacro %}

{% macro default__to_timestamp(column) -%}
    case
        when isfinite(try_cast({{ column }} as timestamp)) then try_cast({{ column }} as timestamp)
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

{% macro to_boolean(column) -%}
    try_cast({{ column }} as boolean)
{%- endmacro %}

{#- A whole row of a relation as one JSON text. -#}
{% macro row_as_json(relation) -%}
    {{ return(adapter.dispatch('row_as_json', 'tributary')(relation)) }}
{%- endmacro %}

{% macro default__row_as_json(relation) -%}
    cast(to_json({{ relation }}) as varchar)
{%- endmacro %}
