{#- The same promise as by_day, kept without transactions: each day is a partition, and a partition is replaced as
    a whole. The days of a model wait until all of them are built: a run that is killed in between builds
    them again. -#}
{% materialization by_day, adapter='spark' %}
    {%- set target = this.incorporate(type='table') -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- set day = config.get('meta').day -%}

    {{ run_hooks(pre_hooks) }}

    {%- set fingerprint = fingerprint_of_model(compiled_code) -%}
    {%- if existing is none or existing.is_view or should_full_refresh()
        or stored_fingerprint() != fingerprint -%}
        {%- if existing is not none and not existing.is_view -%}
            {%- do followers_wait(existing) -%}
        {%- endif -%}
        {%- if existing is not none -%}
            {%- do adapter.drop_relation(existing) -%}
        {%- endif -%}
        {%- if config.get('contract').enforced -%}
            {{ get_assert_columns_equivalent(compiled_code) }}
        {%- endif -%}
        {%- call statement('create') -%}
            create table {{ target }} using parquet
            partitioned by ({{ (config.get('meta').get('outside', {}).keys() | list + [day]) | join(', ') }})
            as select * from ({{ compiled_code }}) as model_rows limit 0
        {%- endcall -%}
        {%- do every_day_waits(fingerprint) -%}
    {%- endif -%}

    {%- set waiting = waiting_days() -%}
    {%- set outside = config.get('meta').outside -%}
    {%- call noop_statement('main', 'NOTHING NEW') -%}{%- endcall -%}
    {%- if waiting or outside -%}
        {%- set columns = adapter.get_columns_in_relation(target) | map(attribute='quoted') | join(', ') -%}
        {%- for days in batches_of(waiting, days_per_batch()) -%}
            {%- do followers_wait(target, on_days(day, days)) -%}
            {%- do spark_replace_partitions(target, columns, day, days, days) -%}
            {%- do followers_wait(target, on_days(day, days)) -%}
        {%- endfor -%}
        {%- if outside -%}
            {%- set column = outside.keys() | first -%}
            {%- do spark_replace_partitions(target, columns, column, outside[column], []) -%}
        {%- endif -%}
        {%- do forget_model('pending_days') -%}
    {%- endif -%}

    {%- do persist_docs(target, model) -%}
    {{ run_hooks(post_hooks) }}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}


{#- What stands in the partitions of some values leaves, what the model says of the batch enters. -#}
{% macro spark_replace_partitions(target, columns, partition_column, partition_values, days) %}
    {% call statement('drop') %}
        alter table {{ target }} drop if exists
        {%- for value in partition_values %}
        partition ({{ partition_column }} = '{{ value }}'){{ ',' if not loop.last }}
        {%- endfor %}
    {% endcall %}
    {% call statement('main') %}
        insert into {{ target }} ({{ columns }})
        select {{ columns }} from ({{ bind_batch(model.compiled_code, days) }}) as model_rows
    {% endcall %}
{% endmacro %}
