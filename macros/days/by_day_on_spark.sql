{#- What by_day does on Spark, without transactions and without deletes: each day is a partition, which leaves as a
    whole. The days of a model wait until all of them are built: a run that is killed in between builds
    them again. -#}
{% macro spark__empty_day_table(target, sql) %}
    {% if config.get('contract').enforced %}
        {{ get_assert_columns_equivalent(sql) }}
    {% endif %}
    {% set meta = config.get('meta') %}
    create table {{ target }} using parquet
    partitioned by ({{ ((meta.outside or {}).keys() | list + [meta.day]) | join(', ') }})
    as select * from ({{ sql }}) as model_rows limit 0
{% endmacro %}


{#- A run that is killed after the rows left must still know which days they named: all of these wait first. -#}
{% macro spark__replace_days(target, columns, days) %}
    {% do replace_days_for_all_followers(target, columns, days) %}
{% endmacro %}


{% macro spark__rows_leave(target, column, values) %}
    alter table {{ target }} drop if exists
    {%- for value in values %}
    partition ({{ column }} = '{{ value }}'){{ ',' if not loop.last }}
    {%- endfor %}
{% endmacro %}


{% macro spark__days_are_done(days, is_last) %}
    {% if is_last %}
        {% do forget_model('pending_days') %}
    {% endif %}
{% endmacro %}


{% macro spark__settle() %}
{% endmacro %}
