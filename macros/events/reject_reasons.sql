{#- Every rule that a raw row breaks, by name, joined by commas in the order below; '' where none is
    broken. The relation at hand has each column typed under its own name and, for a column that is
    parsed, its raw value as `raw_<column>`.

    required    columns that may not be empty; a dict gives the condition under which one may not
    parsed      columns with a type: what is there must parse
    accepted    {column: list of values}
    at_least    {column: least value}
    plausible   {column: [least, greatest]}: beyond them a value is a fault of whoever wrote it, and would
                only end a build in its sums
    reserved    columns that may not say what the marts call a total or a rest
    rules       {reason: condition}, whatever else a table demands
    happened_at the event's own moment: it may not lie past the row's arrival, nor an age before it; and
                the arrival itself is one of this age -#}
{% macro reject_reasons(
    required, parsed, accepted={}, at_least={}, plausible={}, reserved=[], rules={}, happened_at=none
) -%}
    {%- set reasons = {} -%}
    {%- for column in required -%}
        {%- set missing = [column ~ ' is null'] -%}
        {%- if required is mapping and required[column] is not sameas true -%}
            {%- do missing.insert(0, required[column]) -%}
        {%- endif -%}
        {%- if column in parsed -%}
            {%- do missing.append("nullif(trim(cast(raw_" ~ column ~ " as string)), '') is null") -%}
        {%- endif -%}
        {%- do reasons.update({'missing_' ~ column: missing | join(' and ')}) -%}
    {%- endfor -%}
    {%- for column in parsed -%}
        {%- do reasons.update({
            'unparsable_' ~ column:
                column ~ " is null and nullif(trim(cast(raw_" ~ column ~ " as string)), '') is not null"
        }) -%}
    {%- endfor -%}
    {%- for column, values in accepted.items() -%}
        {%- do reasons.update({
            'unknown_' ~ column: column ~ " not in ('" ~ values | join("', '") ~ "')"
        }) -%}
    {%- endfor -%}
    {%- for column, least in at_least.items() -%}
        {%- do reasons.update({'negative_' ~ column: column ~ ' < ' ~ least}) -%}
    {%- endfor -%}
    {%- for column, (least, greatest) in plausible.items() -%}
        {%- do reasons.update({
            'implausible_' ~ column: column ~ ' not between ' ~ least ~ ' and ' ~ greatest
        }) -%}
    {%- endfor -%}
    {%- for column in reserved -%}
        {%- do reasons.update({'reserved_' ~ column: column ~ " in ('(all)', '(unattributed)')"}) -%}
    {%- endfor -%}
    {%- do reasons.update(rules) -%}
    {%- if happened_at -%}
        {%- do reasons.update({
            'from_the_future':
                happened_at ~ ' > ingested_at + interval '
                ~ "'" ~ var('future_tolerance_seconds') ~ "' second",
            'from_the_past':
                happened_at ~ ' < ingested_at - interval ' ~ "'" ~ var('greatest_age_days') ~ "' day",
            'implausible_ingested_at':
                'ingested_at not between timestamp ' ~ "'" ~ var('earliest_arrival') ~ "'"
                ~ ' and cast(current_timestamp as timestamp) + interval '
                ~ "'" ~ var('arrivals_ahead_days') ~ "' day"
        }) -%}
    {%- endif -%}
    {#- Nearly every row breaks no rule: it costs one look at each, and no text. -#}
    case
        when
            ({{ reasons.values() | join(')\n            or (') }})
            then
                concat_ws(
                    ',',
                    {%- for reason, condition in reasons.items() %}
                    case when {{ condition }} then '{{ reason }}' end{{ ',' if not loop.last }}
                    {%- endfor %}
                )
        else ''
    end
{%- endmacro %}
