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


{#- Where rows stand in partitions of partitions, these are named in full: a catalog that is not Hive's takes half
    a name for one that does not exist, and drops nothing. -#}
{% macro spark__rows_leave(target, column, values) %}
    {% set leaving = [] %}
    {% if config.get('meta').outside %}
        {% for row in run_query('show partitions ' ~ target) %}
            {% set named = partition_named(row[0]) %}
            {% if named[column] in values | map('string') %}
                {% do leaving.append(named) %}
            {% endif %}
        {% endfor %}
    {% else %}
        {% for value in values %}
            {% do leaving.append({column: value}) %}
        {% endfor %}
    {% endif %}
    {% if leaving %}
    alter table {{ target }} drop if exists
        {%- for named in leaving %}
    partition (
            {%- for name, value in named.items() %}{{ name }} = '{{ value }}'{{ ', ' if not loop.last }}
            {%- endfor -%}
    ){{ ',' if not loop.last }}
        {%- endfor %}
    {% else %}
    select 'no such partition'
    {% endif %}
{% endmacro %}

{#- {column: value} of a partition as a path says it: grain=day/day=2026-01-01. -#}
{% macro partition_named(path) %}
    {% set named = {} %}
    {% for part in path.split('/') %}
        {% set column, value = part.split('=', 1) %}
        {% do named.update({column: value}) %}
    {% endfor %}
    {{ return(named) }}
{% endmacro %}


{% macro spark__days_are_done(days, is_last) %}
    {% if is_last %}
        {% do forget_model('pending_days') %}
    {% endif %}
{% endmacro %}


{% macro spark__settle() %}
{% endmacro %}
