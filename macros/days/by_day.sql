{#- A table that is kept day by day. Each run replaces the days that wait for it in state.pending_days
    and no other: whole days, so that a row which no longer exists goes too. A batch of days is one
    transaction: the old rows leave, the new rows enter, the days stop waiting, and the same days start
    to wait for the models that follow this one. Whatever kills a run, the next one goes on from there.

    meta.day      the date column that says on which day a row stands
    meta.log      the event log whose landed days it is built from, or
    meta.follows  {model: its date column}: the by_day models whose changed rows change this one
    meta.neighbours  how many days around a changed row's day change with it
    meta.vars     the variables that the model hangs on beyond its own SQL
    meta.outside  {column: values} by which a row is about no day (see outside_batches): such rows are few,
                  and replaced in every run
    meta.outside_of  the models that they are made of

    A model whose SQL is not the one that built the table is built anew, all days of it. -#}
{% materialization by_day, default %}
    {%- set target = this.incorporate(type='table') -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- set meta = config.get('meta') -%}

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
        {%- call statement('create') -%}
            {{ adapter.dispatch('empty_day_table', 'tributary')(target, compiled_code) }}
        {%- endcall -%}
        {%- do every_day_waits(fingerprint) -%}
        {%- do settle() -%}
    {%- endif -%}

    {%- set waiting = waiting_days() -%}
    {%- call noop_statement('main', 'NOTHING NEW') -%}{%- endcall -%}
    {%- if waiting or meta.outside -%}
        {%- set columns = adapter.get_columns_in_relation(target) | map(attribute='quoted') | join(', ') -%}
        {%- for days in batches_of(waiting, days_per_batch()) -%}
            {%- do adapter.dispatch('replace_days', 'tributary')(target, columns, days) -%}
            {%- do days_wait_for_tests(days) -%}
            {%- do adapter.dispatch('days_are_done', 'tributary')(days, is_last=loop.last) -%}
            {%- do settle() -%}
        {%- endfor -%}
        {%- for column, values in (meta.outside or {}).items() -%}
            {%- do replace_rows(target, columns, column, values, []) -%}
            {%- do settle() -%}
        {%- endfor -%}
    {%- endif -%}

    {%- do persist_docs(target, model) -%}
    {%- do settle() -%}
    {{ run_hooks(post_hooks) }}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}


{#- What a by_day model's table has in `column` of `values` leaves; what the model says of a batch of days (or,
    without days, of what is outside of them) enters. -#}
{% macro replace_rows(target, columns, column, values, days) %}
    {% call statement('leave') %}
        {{ adapter.dispatch('rows_leave', 'tributary')(target, column, values) }}
    {% endcall %}
    {% set margin = margins_of_landed_days(model.compiled_code) %}
    {% do read_files_of(days, margin.before, margin.after) %}
    {% call statement('main') %}
        insert into {{ target }} ({{ columns }})
        select {{ columns }} from ({{ bind_batch(model.compiled_code, days) }}) as model_rows
    {% endcall %}
{% endmacro %}

{% macro default__rows_leave(target, column, values) %}
    delete from {{ target }} where {{ column }} in ('{{ values | join("', '") }}')
{% endmacro %}


{% macro default__empty_day_table(target, sql) %}
    {{ create_table_as(False, target, 'select * from (' ~ sql ~ ') as model_rows limit 0') }}
{% endmacro %}


{#- What was done so far stands, whatever comes. -#}
{% macro settle() %}
    {% do adapter.dispatch('settle', 'tributary')() %}
{% endmacro %}

{% macro default__settle() %}
    {% do adapter.commit() %}
{% endmacro %}


{#- What a model's rows depend on besides the events: its own SQL, and the code that it reads through. -#}
{% macro fingerprint_of_model(sql) %}
    {% set parts = [sql, env_var('TRIBUTARY_SOURCE', 'events')] %}
    {% for name in vars_of_verdicts() + config.get('meta').get('vars', []) %}
        {% do parts.append(tojson(var(name))) %}
    {% endfor %}
    {% for id in ancestors_of(model.unique_id) | sort %}
        {% do parts.append(models_by_id()[id].checksum.checksum) %}
    {% endfor %}
    {{ return(local_md5(parts | join('|'))) }}
{% endmacro %}


{#- The variables that the verdict on a row, or what it counts for, hangs on. -#}
{% macro vars_of_verdicts() %}
    {{ return([
        'surfaces', 'entry_points', 'device_types', 'pricing_models', 'charged_events', 'action_types',
        'reporting_time_zone', 'reporting_currency', 'kddcup2012_day', 'future_tolerance_seconds',
        'time_reversal_tolerance_seconds', 'greatest_age_days', 'earliest_arrival', 'arrivals_ahead_days',
        'greatest_count', 'greatest_amount_micros', 'attribution_days',
    ]) }}
{% endmacro %}


{#- The by_day models of the project, as graph nodes. -#}
{% macro by_day_models() %}
    {{ return(models_by_id().values() | selectattr('config.materialized', 'equalto', 'by_day') | list) }}
{% endmacro %}


{#- The days of a batch are built again. The models that follow wait on each of their days of which a row came,
    went or became another one, and on no other: a day that is built again because a neighbour changed mostly
    stays as it was, and that is the end of it. Rows are held against each other by their number and the sum
    of their 64-bit hashes. A range of days that was asked for is built through to the marts. -#}
{% macro default__replace_days(target, columns, days) %}
    {% set on_these_days = on_days(config.get('meta').day, days) %}
    {% set followed = followers_by_column().keys() | list %}
    {% set has_rows %}select 1 from {{ target }} where {{ on_these_days }} limit 1{% endset %}
    {% if followed and not env_var('TRIBUTARY_FROM', '') and run_query(has_rows).rows | length %}
        {% set sums = sums_of_rows(target, columns, followed, on_these_days) %}
        {% call statement('before') %}
            create or replace temp table rows_before as {{ sums }}
        {% endcall %}
        {% do replace_rows(target, columns, config.get('meta').day, days, days) %}
        {% call statement('after') %}
            create or replace temp table changed_rows as
            with rows_now as ({{ sums }})
            {{ differing_rows('rows_before', 'rows_now') }}
        {% endcall %}
        {% do followers_wait('changed_rows', 'true', aliases=true) %}
    {% else %}
        {% do replace_days_for_all_followers(target, columns, days) %}
    {% endif %}
{% endmacro %}

{#- All of the days count as changed, by their old rows and by their new ones. -#}
{% macro replace_days_for_all_followers(target, columns, days) %}
    {% set on_these_days = on_days(config.get('meta').day, days) %}
    {% do followers_wait(target, on_these_days) %}
    {% do replace_rows(target, columns, config.get('meta').day, days, days) %}
    {% do followers_wait(target, on_these_days) %}
{% endmacro %}

{% macro sums_of_rows(relation, columns, followed, condition) %}
    select
        {%- for column in followed %}
        {{ column }} as followed_{{ loop.index }},
        {%- endfor %}
        count(*) as row_count,
        sum({{ hash_of(columns) }}) as row_hashes
    from {{ relation }}
    where {{ condition }}
    group by all
{% endmacro %}


{#- What the rows of this model on some days (all of them without a condition) say of the models that
    follow it: on each of the days that they name, those have to be built again. With `aliases`, the relation has
    the columns under the names that sums_of_rows gives them. -#}
{% macro followers_wait(relation, condition='true', aliases=false) %}
    {% for column, nodes in followers_by_column().items() %}
        {% call statement('follow') %}
            insert into state.pending_days (model, day)
            select followers.model, days.day + cast(followers.days_off as integer) as day
            from (
                select distinct {{ 'followed_' ~ loop.index if aliases else column }} as day
                from {{ relation }}
                where {{ condition }}
            ) as days
            cross join (
                {%- for model_name, days_off in followers_and_neighbours(nodes) %}
                select '{{ model_name }}' as model, {{ days_off }} as days_off {{ 'union all' if not loop.last }}
                {%- endfor %}
            ) as followers
            where days.day is not null
        {% endcall %}
    {% endfor %}
{% endmacro %}


{#- (name, days away from a changed day) of followers. -#}
{% macro followers_and_neighbours(nodes) %}
    {% set found = [] %}
    {% for node in nodes %}
        {% set reach = node.config.meta.get('neighbours', 0) %}
        {% for days_off in range(-reach, reach + 1) %}
            {% do found.append((node.name, days_off)) %}
        {% endfor %}
    {% endfor %}
    {{ return(found) }}
{% endmacro %}


{#- {day column of this model: the models that follow it by that column, as graph nodes}. -#}
{% macro followers_by_column() %}
    {% set by_column = {} %}
    {% for node in by_day_models() %}
        {% set column = node.config.meta.get('follows', {}).get(model.name) %}
        {% if column %}
            {% do by_column.setdefault(column, []).append(node) %}
        {% endif %}
    {% endfor %}
    {{ return(by_column) }}
{% endmacro %}


{#- The table is new and empty: every day of it waits, and so does every day of the logs judged against
    this one. -#}
{% macro every_day_waits(fingerprint) %}
    {% set meta = config.get('meta') %}
    {% do forget_model('fingerprints') %}
    {% do remember_fingerprint(fingerprint) %}
    {% if meta.log %}
        {% for node in by_day_models() if node.config.meta.log
            and model.unique_id in [node.unique_id] + ancestors_of(node.unique_id) %}
            {% call statement('reset') %}
                insert into state.pending_days (model, day)
                select distinct '{{ node.name }}', landed_on
                from state.landed_files
                where event_table = '{{ node.config.meta.log }}'
            {% endcall %}
        {% endfor %}
    {% else %}
        {% for node in by_day_models() if node.name in meta.follows %}
            {% call statement('reset') %}
                insert into state.pending_days (model, day)
                select '{{ model.name }}', days.day
                from (select distinct {{ meta.follows[node.name] }} as day from {{ node.relation_name }}) as days
                where days.day is not null
            {% endcall %}
        {% endfor %}
    {% endif %}
{% endmacro %}


{% macro remember_fingerprint(fingerprint) %}
    {% call statement('fingerprint') %}
        insert into state.fingerprints (model, fingerprint) values ('{{ model.name }}', '{{ fingerprint }}')
    {% endcall %}
{% endmacro %}

{% macro stored_fingerprint() %}
    {% set rows = run_query(
        "select fingerprint from state.fingerprints where model = '" ~ model.name ~ "'"
    ).rows %}
    {{ return(rows[0][0] if rows | length else none) }}
{% endmacro %}


{% macro waiting_days() %}
    {% set found = [] %}
    {% for row in run_query(
        "select distinct cast(day as string) from state.pending_days where model = '" ~ model.name
        ~ "' order by 1"
    ).rows %}
        {% do found.append(row[0]) %}
    {% endfor %}
    {{ return(found) }}
{% endmacro %}


{#- What was built is tested before it counts as done. -#}
{% macro days_wait_for_tests(days) %}
    {% call statement('untested') %}
        insert into state.untested_days (model, day)
        select distinct model, day
        from state.pending_days
        where model = '{{ model.name }}' and {{ on_days('day', days) }}
    {% endcall %}
{% endmacro %}


{% macro default__days_are_done(days, is_last) %}
    {% call statement('done') %}
        delete from state.pending_days where model = '{{ model.name }}' and {{ on_days('day', days) }}
    {% endcall %}
{% endmacro %}


{#- As many days as keep the files behind one batch below the setting batch_bytes. -#}
{% macro days_per_batch() %}
    {% set row = run_query(
        'select sum(bytes), count(distinct landed_on) from state.landed_files'
    ).rows[0] %}
    {{ return([1, (var('batch_bytes') * (row[1] or 1) / ([row[0] or 0, 1] | max)) | int] | max) }}
{% endmacro %}
