{#- Slices of a day: the whole, and each value of each reporting dimension, in one pass. -#}

{#- The grouping sets, for `group by`. -#}
{% macro daily_slice_sets() -%}
    grouping sets (
        (requested_on)
        {%- for dimension in var('dimensions') %},
        (requested_on, {{ dimension }})
        {%- endfor %}
    )
{%- endmacro %}

{#- Of a row grouped by one of several dimensions: which, and its value; `neither` where it is by none. -#}
{% macro grouped_by(dimensions, neither='null') -%}
    case
        {%- for dimension in dimensions %}
        when grouping({{ dimension }}) = 0 then '{{ dimension }}'
        {%- endfor %}
        else {{ neither }}
    end
{%- endmacro %}

{% macro grouped_value(dimensions, neither='null') -%}
    case
        {%- for dimension in dimensions %}
        when grouping({{ dimension }}) = 0 then {{ dimension }}
        {%- endfor %}
        else {{ neither }}
    end
{%- endmacro %}

{#- Which slice a grouped row is: dimension and value, '(all)' for the whole day. -#}
{% macro daily_slice_columns() -%}
    requested_on,
    {{ grouped_by(var('dimensions'), "'(all)'") | indent(4) }} as dimension,
    {{ grouped_value(var('dimensions'), "'(all)'") | indent(4) }} as dimension_value
{%- endmacro %}


{#- The slices of which a mart shows distinct counts, each {dimension, value, where}: the whole day, each value
    of each reporting dimension, and what the marts of search and of the local surfaces are sliced by. -#}
{% macro counted_slices() %}
    {% set slices = [{'dimension': '(all)', 'value': "'(all)'", 'columns': []}] %}
    {% for dimension in var('dimensions') %}
        {% do slices.append({'dimension': dimension, 'value': dimension, 'columns': [dimension]}) %}
    {% endfor %}
    {% do slices.append({
        'dimension': '(search devices)',
        'value': device_of_surface(),
        'columns': ['surface', 'device_type'],
        'where': surface_among('search_surfaces'),
    }) %}
    {% do slices.append({
        'dimension': '(local)',
        'value': "'(all)'",
        'columns': ['surface', 'region_code'],
        'where': surface_among('local_surfaces'),
    }) %}
    {% do slices.append({
        'dimension': '(local regions)',
        'value': 'region_code',
        'columns': ['surface', 'region_code'],
        'where': surface_among('local_surfaces'),
    }) %}
    {% set found = [] %}
    {% for slice in slices if slice.columns | reject('in', var('dimensions')) | list == [] %}
        {% do found.append(slice) %}
    {% endfor %}
    {{ return(found) }}
{% endmacro %}

{#- A surface and a type of device as one value. -#}
{% macro device_of_surface() -%}
    surface || ' ' || device_type
{%- endmacro %}

{#- The condition that a row is of one of the surfaces that a variable lists. -#}
{% macro surface_among(variable) -%}
    surface in ('{{ var(variable) | join("', '") }}')
{%- endmacro %}


{#- Each slice of a day with exact distinct counts of users: `counts` gives, per count, the aggregate that is
    positive for a user who belongs to it ({name: expression}). Users are told apart once per slice and then
    merely counted: a third of the time of count(distinct) over grouping sets. -#}
{% macro distinct_users_by_slice(relation, counts) -%}
    {%- for slice in counted_slices() %}
    select
        requested_on,
        '{{ slice.dimension }}' as dimension,
        dimension_value,
        {%- for name in counts %}
        count(*) filter (where {{ name }} > 0) as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from (
        select
            requested_on,
            {{ slice.value }} as dimension_value,
            user_id,
            {%- for name, expression in counts.items() %}
            {{ expression }} as {{ name }}{{ ',' if not loop.last }}
            {%- endfor %}
        from {{ relation }}
        {%- if slice.where %}
        where {{ slice.where }}
        {%- endif %}
        group by requested_on, user_id, dimension_value
    ) as users_of_slice
    group by requested_on, dimension_value
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
{%- endmacro %}


{#- Who appears in each slice of a day: one row per slice and value of `column`. -#}
{% macro distinct_values_by_slice(relation, column) -%}
    {%- for slice in counted_slices() %}
    select distinct
        requested_on,
        '{{ slice.dimension }}' as dimension,
        {{ slice.value }} as dimension_value,
        {{ column }}
    from {{ relation }}
    {%- if slice.where %}
    where {{ slice.where }}
    {%- endif %}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
{%- endmacro %}
