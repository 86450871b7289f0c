{#- Which delivery of each event counts. Selects every row of `relation` (staged rows of an event
    table) with two columns more, `outcome` and `reasons`:

    quarantined  the row broke a rule of its own, or is an older version with other content
                 (`conflicting_duplicate`)
    duplicate    the same content again
    accepted     the one that counts: of the latest content, the first to arrive

    Rows that broke a rule do not compete. Only keys that occur twice are sorted: at scale they are
    few, and a window over everything costs more than all the rest. -#}
{% macro resolve_deliveries(table, relation) %}
    {%- set columns = event_columns(table) -%}
    {%- set key = columns[0] -%}
    with valid as (

        select * from {{ relation }} where reject_reasons = ''

    ),

    repeated_keys as (

        select {{ key }} from valid group by {{ key }} having count(*) > 1

    ),

    versions as (

        select
            valid.*,
            concat_ws(
                '|',
                {%- for column in columns %}
                coalesce(cast({{ column }} as varchar), ''){{ ',' if not loop.last }}
                {%- endfor %}
            ) as content
        from valid
        semi join repeated_keys on valid.{{ key }} = repeated_keys.{{ key }}

    ),

    ranked_versions as (

        select
            versions.*,
            first_value(content) over (
                partition by {{ key }} order by ingested_at desc, content desc
            ) as latest_content,
            row_number() over (
                partition by {{ key }}, content order by ingested_at
            ) as delivery
        from versions

    ),

    resolved as (

        select
            {{ columns | join(', ') }},
            ingested_at,
            raw_row,
            'accepted' as outcome,
            '' as reasons
        from valid
        anti join repeated_keys on valid.{{ key }} = repeated_keys.{{ key }}

        union all

        select
            {{ columns | join(', ') }},
            ingested_at,
            raw_row,
            case
                when content <> latest_content then 'quarantined'
                when delivery > 1 then 'duplicate'
                else 'accepted'
            end as outcome,
            case when content <> latest_content then 'conflicting_duplicate' else '' end as reasons
        from ranked_versions

        union all

        select
            {{ columns | join(', ') }},
            ingested_at,
            raw_row,
            'quarantined' as outcome,
            reject_reasons as reasons
        from {{ relation }}
        where reject_reasons <> ''

    )

    select * from resolved
{% endmacro %}


{#- The columns of a judged row: its content, then the last word on it. `checked` has the columns of
    resolve_deliveries and `parent_reasons`, the rules that the row breaks against its parent. The
    raw row is kept for the quarantine only. -#}
{% macro settled_columns(table) -%}
    {%- for column in event_columns(table) %}
        {{ column }},
    {%- endfor %}
        ingested_at,
        case
            when outcome = 'accepted' and parent_reasons <> '' then 'quarantined'
            else outcome
        end as outcome,
        case when outcome = 'accepted' then parent_reasons else reasons end as reasons,
        case
            when outcome = 'quarantined' or (outcome = 'accepted' and parent_reasons <> '')
                then raw_row
        end as raw_row
{%- endmacro %}
