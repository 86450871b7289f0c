{#- Which days a data test looks at. A build tests what was built and has not passed yet: state.untested_days has
    the days of each by_day model, and of each staged event log, that were built since every test last
    passed. `dbt test` tests everything; so does a build after a change of code or settings, which may make old
    days wrong without building them again, and a build from nothing.

    A test is of one sort of day, the column of its model: `requested_on` or `landed_on`. -#}

{#- Before a build: the landed days that come in, and whether its tests look at new days only. -#}
{% macro plan_tests() %}
    {% do run_query("
        insert into state.untested_days (model, day)
        select '" ~ staged_name('') ~ "' || event_table, landed_on from state.changed_days
    ") %}
    {% if flags.WHICH == 'build' %}
        {% do remember('code_now', "select '" ~ fingerprint_of_project() ~ "' as fingerprint") %}
        {% set passed = run_query(
            'select count(*) from state.tested_code where fingerprint in (select fingerprint from state.code_now)'
        ).rows[0][0] %}
        {% do graph.update({'tests_only_new_days': passed > 0}) %}
    {% endif %}
{% endmacro %}


{#- After a build or a `dbt test`: where every data test of the project ran and none failed, nothing is left to
    be tested, of this code. (What comes after a model that failed is skipped, and has not passed.) -#}
{% macro settle_tests() %}
    {% if execute and flags.WHICH in ['build', 'test'] %}
        {% set passed = results | selectattr('node.resource_type', 'equalto', 'test')
            | selectattr('status', 'in', ['pass', 'warn']) | list %}
        {% set declared = graph.nodes.values() | selectattr('resource_type', 'equalto', 'test')
            | selectattr('config.enabled') | list %}
        {% if passed | length == declared | length %}
            {% do run_query('truncate table state.untested_days') %}
            {% do remember('tested_code', "select '" ~ fingerprint_of_project() ~ "' as fingerprint") %}
        {% endif %}
    {% endif %}
{% endmacro %}


{#- Models, tests, macros and the values of the variables that they name. What is disabled is not among them: dbt has the
    tests of disabled models where it read the whole project, and lacks them where it read what changed. -#}
{% macro fingerprint_of_project() %}
    {% set parts = [env_var('TRIBUTARY_SOURCE', 'events'), dbt_version] %}
    {% for node in graph.nodes.values() | selectattr('config.enabled') | sort(attribute='unique_id') %}
        {% do parts.append(node.unique_id ~ node.raw_code ~ tojson(node.unrendered_config)) %}
        {% do parts.append(tojson(node.test_metadata)) if node.test_metadata %}
    {% endfor %}
    {% for name, macro in context['tributary'].items() | sort if macro.macro is defined %}
        {% do parts.append(macro.macro.macro_sql) %}
    {% endfor %}
    {% set code = parts | join('|') %}
    {% for name in modules.re.findall("\\bvar\\(\\s*[\"'](\\w+)", code) | unique | sort %}
        {% do parts.append(name ~ tojson(var(name, none))) %}
    {% endfor %}
    {{ return(local_md5(parts | join('|'))) }}
{% endmacro %}


{#- The rows of a relation that the test at hand looks at, for a from clause: those whose `column` is one of the
    days to be tested, or, with a margin, lies within so many days of them; `days_of` is the sort of day where
    the column has another name. -#}
{% macro of_tested_days(relation, column, before=0, after=0, where=none, days_of=none) %}
    {% set conditions = [where] if where else [] %}
    {% if execute and column and graph.get('tests_only_new_days') %}
        {% do conditions.append(
            adapter.dispatch('on_tested_days', 'tributary')(relation, column, days_of or column, before, after)
        ) %}
    {% elif execute and column and relation.schema in ['raw', 'staging'] %}
        {% do read_files_taken_in() %}
    {% endif %}
    {{ return(
        '(select * from ' ~ relation ~ ' where true and (' ~ conditions | join(') and (') ~ '))'
        if conditions else relation
    ) }}
{% endmacro %}


{#- As literals, which the engine holds against its zone maps; of the logs themselves the files are named. -#}
{% macro default__on_tested_days(relation, column, days_of, before, after) %}
    {% set days = days_to_test(kept_by(days_of)) %}
    {% if relation.schema in ['raw', 'staging'] %}
        {% do read_files_of(days or [newest_landed_day()], before, after) %}
    {% endif %}
    {{ return(on_days(column, days, before, after) if days else 'false') }}
{% endmacro %}

{#- The days to be tested of some models (their names, quoted), which are built by the time that a test of what hangs on
    them asks: asked for once in a run. -#}
{% macro days_to_test(names) %}
    {% set known = graph.setdefault('days_to_test', {}) %}
    {% if names not in known %}
        {% set days = run_query(
            'select distinct cast(day as string) from state.untested_days where model in (' ~ names ~ ') order by 1'
        ).columns[0].values() | list %}
        {% do known.update({names: days}) %}
    {% endif %}
    {{ return(known[names]) }}
{% endmacro %}

{% macro spark__on_tested_days(relation, column, days_of, before, after) %}
    {{ return(
        column ~ ' in (select date_add(untested.day, offsets.days) from state.untested_days as untested'
        ~ ' cross join (select explode(sequence(-' ~ before ~ ', ' ~ after ~ ')) as days) as offsets'
        ~ ' where untested.model in (' ~ kept_by(days_of) ~ '))'
    ) }}
{% endmacro %}

{% macro newest_landed_day() %}
    {{ return(run_query('select cast(max(landed_on) as string) from state.landed_files').rows[0][0]) }}
{% endmacro %}


{#- The accepted rows of a log on the landed days to be tested. Not by way of the accepted clicks: which of them is
    the valid one is told by a window, below which no landed day reaches, and all clicks would be read. -#}
{% macro accepted_of_tested_days(table) %}
    {{ return(of_tested_days(
        ref('int_events__' ~ table ~ '_judged'), 'landed_on', where="outcome = 'accepted'"
    )) }}
{% endmacro %}


{#- The accepted rows of a log that can be a parent of the rows of `child` on the days to be tested. -#}
{% macro accepted_parents(parent, child) %}
    {{ return(rows_of_parents(
        ref('int_events__' ~ parent ~ '_judged'), parent, child, where="outcome = 'accepted'"
    )) }}
{% endmacro %}


{#- The rows of a relation about the log `parent` that can be. A parent lies as far before its child as the child
    may follow, and the other way round. -#}
{% macro rows_of_parents(relation, parent, child, where=none) %}
    {% set reach = reach_days(parent, child, 'refunds' if child == 'charges') %}
    {{ return(of_tested_days(relation, 'landed_on', reach.after, reach.before, where)) }}
{% endmacro %}


{#- Names, quoted, of what a test hangs on and is kept by that sort of day. -#}
{% macro kept_by(column) %}
    {% set names = [] %}
    {% set models = models_by_id() %}
    {% for id in ancestors_of(model.unique_id) if models[id].config.meta.get('day') == column %}
        {% do names.append("'" ~ models[id].name ~ "'") %}
    {% endfor %}
    {{ return(names | sort | join(', ')) }}
{% endmacro %}


{#- What dbt puts for `model` in a generic test: its rows on the days to be tested. -#}
{% macro default__get_where_subquery(relation) %}
    {% set day = day_of_generic_test() %}
    {% set margin = 0 %}
    {% if model.test_metadata and model.test_metadata.name in ['unique', 'unique_grain']
        and day not in model.test_metadata.kwargs.get('columns', []) %}
        {% set margin = var('uniqueness_days') %}
    {% endif %}
    {% set rows = of_tested_days(relation, day, margin, margin, config.get('where')) %}
    {{ return(rows if rows is not string else rows ~ ' as tested_rows') }}
{% endmacro %}


{#- Every parent that a child on the days to be tested can have. -#}
{% macro default__test_relationships(model, column_name, to, field) %}
    with children as (

        select {{ column_name }} as child_key
        from {{ model }}
        where {{ column_name }} is not null

    ),

    parents as (

        select {{ field }} as parent_key
        from {{ parents_of_generic_test(to) }}

    ),

    alone as (

        select children.child_key
        from children
        left join parents on children.child_key = parents.parent_key
        where parents.parent_key is null

    )

    select * from alone
{% endmacro %}


{% macro parents_of_generic_test(to) %}
    {% set day = day_of_generic_test() %}
    {% if not day or not others_have(day) %}
        {{ return(to) }}
    {% elif day == 'landed_on' %}
        {{ return(rows_of_parents(to, log_of(to.identifier), log_of(model.attached_node))) }}
    {% endif %}
    {{ return(of_tested_days(to, day)) }}
{% endmacro %}


{#- The column of days by which a generic test is restricted, if any: that of its model (meta.day); of a mart that is
    made anew in each run, that of the facts which it is held against. -#}
{% macro day_of_generic_test() %}
    {% if not execute %}
        {{ return(none) }}
    {% endif %}
    {% set test = model.test_metadata %}
    {% set node = models_by_id().get(model.attached_node) %}
    {% if not test or not node or test.name in tests_of_the_whole() %}
        {{ return(none) }}
    {% endif %}
    {% set day = node.config.meta.get('day') %}
    {% if test.name == 'sums_equal_those_of' and not day and 'requested_on' in node.columns
        and 'requested_on' in others_of_generic_test() | map(attribute='config.meta.day') %}
        {% set day = 'requested_on' %}
    {% endif %}
    {% if day not in ['requested_on', 'landed_on']
        or (test.name == 'not_null' and test.kwargs.column_name == day)
        or (test.name == 'sums_equal_those_of' and not others_have(day)) %}
        {{ return(none) }}
    {% endif %}
    {{ return(day) }}
{% endmacro %}


{#- Tests that say something of all days together. -#}
{% macro tests_of_the_whole() %}
    {{ return(['has_rows', 'no_day_is_missing', 'volume_is_in_season', 'share_of_rows_stays_low']) }}
{% endmacro %}


{#- The models and sources that a generic test reads beside its own. -#}
{% macro others_of_generic_test() %}
    {% set others = [] %}
    {% for id in model.depends_on.nodes if id != model.attached_node %}
        {% do others.append(models_by_id().get(id) or graph.sources[id]) %}
    {% endfor %}
    {{ return(others) }}
{% endmacro %}


{#- They have that column of days: a raw log has the one that its folders say. -#}
{% macro others_have(day) %}
    {% for node in others_of_generic_test() if day not in node.columns
        and not (day == 'landed_on' and node.resource_type == 'source' and node.schema == 'raw') %}
        {{ return(false) }}
    {% endfor %}
    {{ return(true) }}
{% endmacro %}


{#- The event log that a model of one log (its name, or its id) is named after. -#}
{% macro log_of(model_name) %}
    {{ return(event_tables() | select('in', model_name.split('__')[-1]) | first) }}
{% endmacro %}
