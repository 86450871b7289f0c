{#- What a build remembers from one run to the next, in schema `state`. Tables with a row per model are written
    by the models themselves, side by side; the others by the hooks before a run. -#}
{% macro state_tables() %}
    {{ return({
        'landed_files': 'event_table string, path string, landed_on date, bytes bigint, modified_at timestamp',
        'late_days': 'event_table string, landed_on date, new_rows bigint, days_late bigint',
        'pending_days': 'day date, model string',
        'untested_days': 'day date, model string',
        'tested_code': 'fingerprint string',
        'fingerprints': 'fingerprint string, model string',
        'seen_fx_rates': 'rate_date date, currency string, rate string',
        'seen_tiers': 'advertiser_id string, tier string',
        'inputs': 'root string',
        'raw_views': 'name string, definition string',
    }) }}
{% endmacro %}


{% macro make_state_tables() %}
    {% do run_query('create schema if not exists state') %}
    {% for table, columns in state_tables().items() %}
        {% do run_query(
            'create table if not exists state.' ~ table ~ ' (' ~ columns ~ ')'
            ~ adapter.dispatch('state_table_storage', 'tributary')(columns)
        ) %}
    {% endfor %}
{% endmacro %}

{% macro default__state_table_storage(columns) %}
    {{ return('') }}
{% endmacro %}

{#- Without transactions and without deletes: a model's rows are a partition, which leaves as a whole. -#}
{% macro spark__state_table_storage(columns) %}
    {{ return(' using parquet' ~ (' partitioned by (model)' if columns.endswith('model string') else '')) }}
{% endmacro %}


{#- A state table becomes what the query says; the query may read the table itself. -#}
{% macro remember(table, query) %}
    {% do adapter.dispatch('remember', 'tributary')(table, query) %}
{% endmacro %}

{% macro default__remember(table, query) %}
    {% do run_query('create or replace table state.' ~ table ~ ' as ' ~ query) %}
{% endmacro %}

{% macro spark__remember(table, query) %}
    {% do run_query('drop table if exists state.' ~ table ~ '_next') %}
    {% do run_query('create table state.' ~ table ~ '_next using parquet as ' ~ query) %}
    {% do run_query('drop table if exists state.' ~ table) %}
    {% do run_query('alter table state.' ~ table ~ '_next rename to state.' ~ table) %}
{% endmacro %}


{#- The rows that only one of two relations of the same columns has. -#}
{% macro differing_rows(one, other) %}
    {{- return(
        '(select * from ' ~ one ~ ' except select * from ' ~ other ~ ') union all (select * from ' ~ other
        ~ ' except select * from ' ~ one ~ ')'
    ) -}}
{% endmacro %}


{#- Nothing that earlier runs took in or built counts any more; the views over the files stay what they are. -#}
{% macro forget_everything() %}
    {% for table in state_tables() if table != 'raw_views' %}
        {% do run_query('truncate table state.' ~ table) %}
    {% endfor %}
{% endmacro %}


{#- One model's rows leave a state table that has a row per model. -#}
{% macro forget_model(table) %}
    {% call statement('forget') %}
        {{ adapter.dispatch('forget_model_statement', 'tributary')('state.' ~ table) }}
    {% endcall %}
{% endmacro %}

{% macro default__forget_model_statement(table) %}
    delete from {{ table }} where model = '{{ model.name }}'
{% endmacro %}

{% macro spark__forget_model_statement(table) %}
    alter table {{ table }} drop if exists partition (model = '{{ model.name }}')
{% endmacro %}
