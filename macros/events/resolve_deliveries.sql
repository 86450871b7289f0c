{#- Which delivery of each event counts. Selects every staged row of an event table, in the batch at hand,
    with two columns more, `outcome` and `reasons`:

    quarantined  the row broke a rule of its own, or is an older version with other content
                 (`conflicting_duplicate`)
    duplicate    the same content again
    accepted     the one that counts: of the latest content, the first to arrive

    Rows that broke a rule do not compete. Keys that occur twice are found first, and only their rows are
    sorted: at scale they are few, and a window over everything costs more than all the rest. They are found
    by the hash of the key, a fixed-size number; two keys of one hash are told apart by the sort. Deliveries
    of one event lie on one landed day or on neighbouring ones. -#}
{% macro resolve_deliveries(table) %}
    {%- set columns = event_columns(table) -%}
    {%- set key = columns[0] -%}
    {%- set handed_on = columns + ['ingested_at', 'landed_on', 'raw_row'] -%}
    with hashed_keys as (

        select {{ hash_of(key) }} as key_hash
        from {{ staged(table) }}
        where {{ in_batch('landed_on', 1, 1) }}

    ),

    repeated_keys as (

        select key_hash
        from hashed_keys
        group by key_hash
        having count(*) > 1

    ),

    versions as (

        select
            staged.*,
            concat_ws(
                '|',
                {%- for column in columns %}
                coalesce(cast({{ column }} as string), ''){{ ',' if not loop.last }}
                {%- endfor %}
            ) as content
        from {{ staged(table) }} as staged
        inner join repeated_keys on {{ hash_of('staged.' ~ key) }} = repeated_keys.key_hash
        where {{ in_batch('landed_on', 1, 1) }}

    ),

    -- Deliveries stand in one order, whatever else a batch holds. (Two contents may read alike as
    -- one text: where it matters whether they are the same, they are held against each other
    -- column by column.)
    ordered_versions as (

        select
            versions.*,
            row_number() over (
                partition by {{ key }}, reject_reasons = ''
                order by
                    ingested_at nulls first, content nulls last, landed_on nulls last,
                    {{ columns[1:] | join(' nulls last, ') }} nulls last
            ) as arrival
        from versions

    ),

    -- A delivery is held against those on its own landed day and the two beside it, and no others:
    -- so its verdict does not hang on the days that are built together with it.
    compared_versions as (

        select
            ordered_versions.*,
            max(arrival) over (
                partition by {{ key }}, reject_reasons = ''
                order by landed_on nulls last
                range between interval '1' day preceding and interval '1' day following
            ) as last_arrival,
            min(arrival) over (
                partition by reject_reasons = '', {{ columns | join(', ') }}
                order by landed_on nulls last
                range between interval '1' day preceding and interval '1' day following
            ) as first_arrival_of_content,
            max(arrival) over (
                partition by reject_reasons = '', {{ columns | join(', ') }}
                order by landed_on nulls last
                range between interval '1' day preceding and interval '1' day following
            ) as last_arrival_of_content
        from ordered_versions

    ),

    resolved as (

        select
            {{ handed_on | join(', ') }},
            case when reject_reasons = '' then 'accepted' else 'quarantined' end as outcome,
            reject_reasons as reasons
        from {{ staged(table) }} as staged
        left join repeated_keys on {{ hash_of('staged.' ~ key) }} = repeated_keys.key_hash
        where {{ in_batch('landed_on') }} and repeated_keys.key_hash is null

        union all

        select
            {{ handed_on | join(', ') }},
            case
                when reject_reasons <> '' or last_arrival_of_content < last_arrival then 'quarantined'
                when first_arrival_of_content < arrival then 'duplicate'
                else 'accepted'
            end as outcome,
            case
                when reject_reasons <> '' then reject_reasons
                when last_arrival_of_content < last_arrival then 'conflicting_duplicate'
                else ''
            end as reasons
        from compared_versions
        where {{ in_batch('landed_on') }}

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
        landed_on,
        case
            when outcome = 'accepted' and parent_reasons <> '' then 'quarantined'
            else outcome
        end as outcome,
        case when outcome = 'accepted' then parent_reasons else reasons end as reasons,
        case
            when outcome = 'quarantined' or (outcome = 'accepted' and parent_reasons <> '')
                then {{ as_json('raw_row') }}
        end as raw_row
{%- endmacro %}
