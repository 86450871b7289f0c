{#- Tests over single rows and keys. NULL never passes: a condition that is unknown has not held. -#}

{% test expression_holds(model, expression) %}
    {{ config(fail_calc='count(*)') }}
    select * from {{ model }} where ({{ expression }}) is not true
{% endtest %}


{#- Every value is the pattern from end to end; so is NULL only where `or_null` says so. -#}
{% test values_match(model, column, pattern, or_null=false) %}
    {{ config(fail_calc='count(*)') }}
    select *
    from {{ model }}
    where
        ({{ fully_matches(column, pattern) }}) is not true
        {%- if or_null %}
        and {{ column }} is not null
        {%- endif %}
{% endtest %}


{#- The grain: no two rows agree in all the columns, NULLs counted as equal. -#}
{% test unique_grain(model, columns) %}
    select
        {{ columns | join(', ') }},
        count(*) as copies
    from {{ model }}
    group by {{ columns | join(', ') }}
    having count(*) > 1
{% endtest %}


{#- A relation with no row passes every other test. -#}
{% test has_rows(model) %}
    select rows_found
    from (select count(*) as rows_found from {{ model }}) as counted
    where rows_found = 0
{% endtest %}


{#- The rows that meet a condition, as parts per million of all rows. Use warn_if and error_if. -#}
{% test share_of_rows_stays_low(model, condition) %}
    {{ config(fail_calc='coalesce(max(share_ppm), 0)', meta={'unit': 'per million'}) }}
    select
        cast(
            floor({{ ratio(
                'count(*) filter (where (' ~ condition ~ ') is not false)', 'count(*)', 1000000
            ) }}) as bigint
        ) as share_ppm
    from {{ model }}
{% endtest %}
