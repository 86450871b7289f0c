{#- The sums of two relations that are not equal, key by key and in both directions: what stands on one
    side only differs, and so does a sum that is NULL although there are rows. Over no rows a sum is 0. -#}
{% macro sums_that_differ(model, other, columns, other_columns, keys, where, other_where) %}
    with ours as (

        select
            {%- for key in keys %}
            {{ key }},
            {%- endfor %}
            {%- for column in columns %}
            case when count(*) = 0 then 0 else sum({{ column }}) end as sum_{{ loop.index }},
            {%- endfor %}
            count(*) as rows_summed
        from {{ model }}
        where {{ where or 'true' }}
        {%- if keys %}
        group by {{ keys | join(', ') }}
        {%- endif %}

    ),

    theirs as (

        select
            {%- for key in keys %}
            {{ key }},
            {%- endfor %}
            {%- for column in other_columns %}
            case when count(*) = 0 then 0 else sum({{ column }}) end as sum_{{ loop.index }},
            {%- endfor %}
            count(*) as rows_summed
        from {{ other }}
        where {{ other_where or 'true' }}
        {%- if keys %}
        group by {{ keys | join(', ') }}
        {%- endif %}

    ),

    compared as (

        select
            {%- for key in keys %}
            coalesce(ours.{{ key }}, theirs.{{ key }}) as {{ key }},
            {%- endfor %}
            {%- for column in columns %}
            ours.sum_{{ loop.index }} as our_{{ loop.index }},
            theirs.sum_{{ loop.index }} as their_{{ loop.index }}{{ ',' if not loop.last }}
            {%- endfor %}
        from ours
        full outer join theirs
            on
                true
                {%- for key in keys %}
                and ours.{{ key }} is not distinct from theirs.{{ key }}
                {%- endfor %}

    )

    select * from compared
    where
        false
        {%- for column in columns %}
        or (our_{{ loop.index }} = their_{{ loop.index }}) is not true
        {%- endfor %}
{% endmacro %}
