{#- Before a run: which landed days each event log's rows have to be judged again on. Compares the files
    that are there with those that earlier runs took in (path, size, time of change). A day of a file that
    is new, changed or gone waits, with the days around it whose verdicts hang on it: a redelivery may
    stand on the next day, a child within its attribution window.

    The lookback goes back from the newest day of requests that earlier runs took in: what came during a pause, however
    long, is taken up. Older days are left as they were until they are asked for (TRIBUTARY_FROM, TRIBUTARY_TO) and
    shown in late_arrivals. -#}
{% macro plan_days() %}
    {% if execute and flags.WHICH in ['build', 'run'] %}
        {% if not inputs_are_the_same() %}
            {% do forget_everything() %}
            {% do run_query('insert into state.inputs values (' ~ text_literal(identity_of_inputs()) ~ ')') %}
        {% endif %}
        {% do find_changed_days() %}
        {% do queue_changed_days() %}
        {% do plan_tests() %}
    {% endif %}
{% endmacro %}


{#- state.files_now: the files of each event log as they lie there. A file stands on the day that the name
    of a folder above it gives, <name>=<day>. Where the files of one log have no such folder, all stand on one day
    without a date: any change to them is a change of everything. -#}
{% macro list_landed_files(inputs) %}
    {% set selects = [] %}
    {% for input in inputs if not input.table.config.meta.optional %}
        {% for log in event_tables_in(input.table) %}
            {% do selects.append("select '" ~ log ~ "' as event_table, files.* from (" ~ files_of(input) ~ ') as files') %}
        {% endfor %}
    {% endfor %}
    {% do remember('files_now', "
        select
            event_table,
            path,
            case when bool_and(folder_day is not null) over () then folder_day else " ~ undated() ~ " end as landed_on,
            bytes,
            modified_at
        from (
            select
                *,
                " ~ day_of_path('path') ~ ' as folder_day
            from (' ~ selects | join(' union all ') ~ ') as files
        ) as dated
    ') %}
    {% do check_folders_by_day() %}
{% endmacro %}


{#- Where one file of an event log lies by day, all of them do, in folders of the same names: neither engine reads a
    table of which that is not so, and what waits for a day must be a day. -#}
{% macro check_folders_by_day() %}
    {% set logs = {} %}
    {% for log, path, written, day in run_query("
        select event_table, min(path), max(written), max(day)
        from (
            select
                event_table,
                path,
                " ~ names_of_folders('path') ~ " as names,
                " ~ name_of_folder('path') ~ " as name,
                " ~ day_of_folder('path') ~ " as written,
                cast(" ~ day_of_path('path') ~ " as string) as day
            from state.files_now
        ) as files
        group by event_table, names, name, day is null
        order by 1, 2
    ").rows %}
        {% if written and not day %}
            {{ exceptions.raise_compiler_error(
                path ~ ' lies in the folder of a day that no calendar has, ' ~ written ~ '. Rename the folder to the '
                ~ 'UTC day of its rows, <name>=YYYY-MM-DD, or move it out of ' ~ events_root() ~ '.'
            ) }}
        {% endif %}
        {% do logs.setdefault(log, []).append({'path': path, 'day': day}) %}
    {% endfor %}
    {% for log, sorts in logs.items() if sorts | length > 1 %}
        {% set dated = sorts | selectattr('day') | map(attribute='path') | list %}
        {% set undated = sorts | rejectattr('day') | map(attribute='path') | list %}
        {% if dated and undated %}
            {{ exceptions.raise_compiler_error(
                undated[0] ~ ' lies in no folder by day, as other files of ' ~ log ~ ' do (' ~ dated[0] ~ '). Put it '
                ~ 'into the folder of the UTC day of its rows, <name>=YYYY-MM-DD, or move it out of '
                ~ events_root() ~ '.'
            ) }}
        {% elif dated or sorts[0].path.endswith('.parquet') %}
            {{ exceptions.raise_compiler_error(
                sorts[0].path ~ ' and ' ~ sorts[1].path ~ ' of ' ~ log ~ ' lie in folders of different names. The '
                ~ 'name before = is free, but one for all files of an event log: rename the folders of either.'
            ) }}
        {% endif %}
    {% endfor %}
{% endmacro %}


{#- The day that a path names, as text, which may be none of the calendar: the value of the first folder above a file
    that is written like a day; and the name of that folder. -#}
{% macro day_of_folder(path) %}
    {{ return("nullif(regexp_extract(" ~ path ~ ", '" ~ folder_by_day() ~ "', 2), '')") }}
{% endmacro %}

{% macro name_of_folder(path) %}
    {{ return("regexp_extract(" ~ path ~ ", '" ~ folder_by_day() ~ "', 1)") }}
{% endmacro %}

{% macro folder_by_day() %}
    {{- return('/([A-Za-z_][A-Za-z0-9_]*)=([0-9]{4}-[0-9]{2}-[0-9]{2})/') -}}
{% endmacro %}

{% macro day_of_path(path) %}
    {{ return('try_cast(' ~ day_of_folder(path) ~ ' as date)') }}
{% endmacro %}

{#- The names of the folders above a file that are written <name>=<value>, from the outermost to the innermost. -#}
{% macro names_of_folders(path) %}
    {{ return('regexp_extract_all(' ~ path ~ ", '([^/=]+)=[^/]*/', 1)") }}
{% endmacro %}


{#- (path, bytes, modified_at) of the files of a raw table. -#}
{% macro files_of(input) %}
    {{ return(adapter.dispatch('files_of', 'tributary')(input)) }}
{% endmacro %}

{% macro default__files_of(input) %}
    {{ return(
        'select filename as path, size as bytes, cast(last_modified as timestamp) as modified_at from read_blob('
        ~ files_that_fit(input.path) ~ ')'
    ) }}
{% endmacro %}


{#- The newest day of requests, whose day is the platform's own. A refund may be dated weeks ahead of the
    rest, and a broken clock opens a folder of another century: neither may make yesterday old. -#}
{% macro newest_day() %}
    {{ return("
        select max(landed_on) as newest
        from state.files_now
        where
            event_table = 'requests'
            and landed_on <= current_date + " ~ var('arrivals_ahead_days') ~ "
    ") }}
{% endmacro %}


{#- The day on which all rows stand that lie in no folder by day. -#}
{% macro undated() %}
    {{ return("date '1970-01-01'") }}
{% endmacro %}


{#- The files of every event log lie in folders by day: by their paths, for a folder may be of the day on which
    others stand that have none. Asked for once in a run, after the files were listed. -#}
{% macro input_is_by_day() %}
    {% if 'input_is_by_day' not in graph %}
        {% do graph.update({'input_is_by_day': run_query(
            'select count(' ~ day_of_path('path') ~ ') = count(*) from state.files_now'
        ).rows[0][0]}) %}
    {% endif %}
    {{ return(graph.input_is_by_day) }}
{% endmacro %}


{#- The name of the folders by day of a raw table, which is one for all of them. -#}
{% macro name_of_folders_by_day(table) %}
    {{ return(run_query(
        'select max(' ~ name_of_folder('path') ~ ") from state.files_now where event_table = '"
        ~ event_tables_in(table) | first ~ "'"
    ).rows[0][0]) }}
{% endmacro %}


{#- The event logs that a raw table feeds: its own, or all of them. -#}
{% macro event_tables_in(table) %}
    {{ return([table.name] if table.name in event_tables() else event_tables()) }}
{% endmacro %}


{#- What earlier runs took in counts no more under another format, another folder, another layout of it (by day
    or not) or another declaration of the raw tables, and where everything is asked for. -#}
{% macro inputs_are_the_same() %}
    {% set seen = run_query(
        'select count(*) from state.inputs where root = ' ~ text_literal(identity_of_inputs())
    ).rows[0][0] %}
    {{ return(seen > 0 and not flags.FULL_REFRESH) }}
{% endmacro %}


{% macro identity_of_inputs() %}
    {% set declared = [] %}
    {% for table in graph.sources.values() if table.schema == 'raw' %}
        {% for column in table.columns.values() %}
            {% do declared.append(table.name ~ '.' ~ column.name ~ ' ' ~ column.data_type) %}
        {% endfor %}
    {% endfor %}
    {{ return(
        env_var('TRIBUTARY_SOURCE', 'events') ~ ' ' ~ events_root()
        ~ (' by day ' if input_is_by_day() else ' as one ') ~ local_md5(declared | sort | join(','))
    ) }}
{% endmacro %}


{#- state.changed_days: (event_table, landed_on) of files that are new, changed or gone since they were
    taken in, and of money whose rate is new or changed. late_days: those that are left alone. -#}
{% macro find_changed_days() %}
    {% set from_day = env_var('TRIBUTARY_FROM', '') %}
    {% set to_day = env_var('TRIBUTARY_TO', from_day) %}
    {% set asked = "landed_on between date '" ~ from_day ~ "' and date '" ~ to_day ~ "'" if from_day else 'false' %}
    {% do check_backfill(asked) if from_day %}
    {% set newest_taken_in = run_query(
        "select cast(max(landed_on) as string) from state.landed_files where event_table = 'requests'"
    ).rows[0][0] %}
    {% set reference_day = "least(newest_day.newest, date '" ~ newest_taken_in ~ "')" if newest_taken_in
        else 'cast(null as date)' %}
    {% do remember('differing_days', '
        select distinct
            coalesce(now.event_table, taken.event_table) as event_table,
            coalesce(now.landed_on, taken.landed_on) as landed_on
        from state.files_now as now
        full outer join state.landed_files as taken
            on
                now.event_table = taken.event_table
                and now.path = taken.path
                and now.landed_on = taken.landed_on
                and now.bytes = taken.bytes
                and now.modified_at = taken.modified_at
        where now.path is null or taken.path is null
    ') %}
    {% do remember('late_days', '
        select
            differing.event_table,
            differing.landed_on,
            cast(null as bigint) as new_rows,
            cast(newest_day.newest - differing.landed_on as bigint) as days_late
        from state.differing_days as differing
        cross join (' ~ newest_day() ~ ') as newest_day
        where
            differing.landed_on < ' ~ reference_day ~ ' - ' ~ lookback_of('differing.event_table') ~ '
            and not (' ~ asked ~ ')
    ') %}
    {% do count_late_rows() %}
    {% do remember('changed_days', '
        select differing.event_table, differing.landed_on
        from state.differing_days as differing
        left join state.late_days as late
            on differing.event_table = late.event_table and differing.landed_on = late.landed_on
        where late.landed_on is null
        union
        select event_table, landed_on from state.files_now where ' ~ asked ~ days_of_changed_rates()
    ) %}
{% endmacro %}


{#- Days that are asked for by name have files, or had some. -#}
{% macro check_backfill(asked) %}
    {% set files = run_query('
        select count(*)
        from (
            select landed_on from state.files_now where ' ~ asked ~ '
            union all
            select landed_on from state.landed_files where ' ~ asked ~ '
        ) as files
    ').rows[0][0] %}
    {% if not files %}
        {% set span = run_query(
            'select cast(min(landed_on) as string), cast(max(landed_on) as string) from state.files_now'
        ).rows[0] %}
        {{ exceptions.raise_compiler_error(
            'No event log under ' ~ events_root() ~ ' has a file with ' ~ asked ~ (
                ': its folders by day go from ' ~ span[0] ~ ' to ' ~ span[1] ~ '. Name days among them.'
                if input_is_by_day() else ': it does not lie in folders by day. Run without --from.'
            )
        ) }}
    {% endif %}
{% endmacro %}


{#- How many rows wait on the days that are left alone, as the footers of their new files say; of text
    nobody knows. -#}
{% macro count_late_rows() %}
    {% set paths = run_query("
        select distinct now.path
        from state.files_now as now
        inner join state.late_days as late
            on now.event_table = late.event_table and now.landed_on = late.landed_on
        left join state.landed_files as taken
            on
                now.path = taken.path
                and now.bytes = taken.bytes
                and now.modified_at = taken.modified_at
        where taken.path is null and now.path like '%.parquet'
    ").columns[0].values() %}
    {% if paths %}
        {% do remember('late_days', '
            select late.event_table, late.landed_on, counted.new_rows, late.days_late
            from state.late_days as late
            left join (
                select now.event_table, now.landed_on, cast(sum(footers.row_count) as bigint) as new_rows
                from (' ~ adapter.dispatch('rows_of_files', 'tributary')(paths) ~ ') as footers
                inner join state.files_now as now on footers.path = now.path
                group by now.event_table, now.landed_on
            ) as counted
                on late.event_table = counted.event_table and late.landed_on = counted.landed_on
        ') %}
    {% endif %}
{% endmacro %}

{% macro default__rows_of_files(paths) %}
    {% set literals = [] %}
    {% for path in paths %}
        {% do literals.append(text_literal(path)) %}
    {% endfor %}
    {{ return(
        'select file_name as path, num_rows as row_count from parquet_file_metadata(['
        ~ literals | join(', ') ~ '])'
    ) }}
{% endmacro %}

{% macro spark__rows_of_files(paths) %}
    {% set counts = [] %}
    {% for path in paths %}
        {% do counts.append(
            'select ' ~ text_literal(path) ~ ' as path, count(*) as row_count from parquet.`' ~ path ~ '`'
        ) %}
    {% endfor %}
    {{ return(counts | join(' union all ')) }}
{% endmacro %}


{#- Money on a day whose rate is new, gone or another one is converted again, wherever it landed. -#}
{% macro days_of_changed_rates() %}
    {% set selects = [] %}
    {% if has_fx_rates() %}
        {% do remember('fx_rates_now', '
            select distinct try_cast(rate_date as date) as rate_date, currency, cast(rate as string) as rate
            from raw.fx_rates
        ') %}
        {% do remember('changed_rate_days', '
            select distinct rate_date
            from (' ~ differing_rows('state.fx_rates_now', 'state.seen_fx_rates') ~ ') as changed
        ') %}
        {% for node in by_day_models() if node.config.meta.log in ['actions', 'charges'] %}
            {% if adapter.get_relation(node.database, node.schema, node.alias) %}
                {% do selects.append("
                    union
                    select '" ~ node.config.meta.log ~ "' as event_table, judged.landed_on
                    from " ~ node.relation_name ~ " as judged
                    inner join state.changed_rate_days as changed
                        on " ~ reporting_day('judged.' ~ event_moment(node.config.meta.log)) ~ " = changed.rate_date
                    where judged.currency <> '" ~ var('reporting_currency') ~ "'
                ") %}
            {% endif %}
        {% endfor %}
    {% endif %}
    {{ return(selects | join('')) }}
{% endmacro %}


{% macro has_fx_rates() %}
    {{ return('fx_rates' in graph.sources.values() | map(attribute='name') | list) }}
{% endmacro %}


{#- The changed days, and the days whose verdicts hang on them, wait for the models that judge the logs;
    then the files count as taken in. In this order: a run that is killed in between plans again. -#}
{% macro queue_changed_days() %}
    {% set logs = event_tables() %}
    {% set reaches = [] %}
    {% for node in by_day_models() if node.config.meta.log %}
        {% set log = node.config.meta.log %}
        {% for parent in logs[:logs.index(log) + 1] %}
            {% set reach = reach_days(parent, log, node.config.meta.window) %}
            {% do reaches.append(
                "select '" ~ node.name ~ "' as model, '" ~ log ~ "' as event_table, '" ~ parent
                ~ "' as parent, " ~ reach.before ~ ' as before, ' ~ reach.after ~ ' as after'
            ) %}
        {% endfor %}
    {% endfor %}
    {% do run_query("
        insert into state.pending_days (model, day)
        select distinct reach.model, days.landed_on
        from state.changed_days as changed
        inner join (" ~ reaches | join(' union all ') ~ ") as reach on changed.event_table = reach.parent
        inner join (
            select event_table, landed_on from state.files_now
            union
            select event_table, landed_on from state.landed_files
        ) as days
            on
                reach.event_table = days.event_table
                and days.landed_on between
                    changed.landed_on - cast(reach.before as integer)
                    and changed.landed_on + cast(reach.after as integer)
    ") %}
    {% do remember('landed_files', '
        select files.*
        from state.files_now as files
        left join state.late_days as late
            on files.event_table = late.event_table and files.landed_on = late.landed_on
        where late.landed_on is null
        union all
        select files.*
        from state.landed_files as files
        inner join state.late_days as late
            on files.event_table = late.event_table and files.landed_on = late.landed_on
    ') %}
    {% if has_fx_rates() %}
        {% do remember('seen_fx_rates', 'select * from state.fx_rates_now') %}
    {% endif %}
    {% do queue_weeks_of_changed_tiers() %}
{% endmacro %}


{#- A week is measured again in which an advertiser has predictions whose tier is new, gone or another one: what is kept
    by tier of weeks gone by says the tier of today. -#}
{% macro queue_weeks_of_changed_tiers() %}
    {% set followers = [] %}
    {% set kept = namespace(cells=none) %}
    {% for node in by_day_models() %}
        {% if node.name == 'agg_prediction_cells_weekly' %}
            {% set kept.cells = adapter.get_relation(node.database, node.schema, node.alias) %}
        {% elif 'agg_prediction_cells_weekly' in node.config.meta.get('follows', {}) %}
            {% do followers.append(node.name) %}
        {% endif %}
    {% endfor %}
    {% if followers %}
        {% do remember('tiers_now', '
            select distinct ' ~ to_text('advertiser_id') ~ ' as advertiser_id, ' ~ to_text('tier') ~ ' as tier
            from raw.advertisers
        ') %}
        {% if kept.cells %}
            {% do run_query("
                insert into state.pending_days (day, model)
                select distinct cells.week_starts_on, followers.model
                from " ~ kept.cells ~ " as cells
                inner join (" ~ differing_rows('state.tiers_now', 'state.seen_tiers') ~ ") as changed
                    on cells.dimension_value = changed.advertiser_id
                cross join (select '" ~ followers | join("' as model union all select '") ~ "' as model) as followers
                where cells.dimension = 'advertiser_id'
            ") %}
        {% endif %}
        {% do remember('seen_tiers', 'select * from state.tiers_now') %}
    {% endif %}
{% endmacro %}


{#- {before, after}: how many days around a changed day of `parent` the verdicts on rows of `log` hang on it.
    A redelivery or correction may stand a day off; each step down adds its attribution window, and
    `window` one more. -#}
{% macro reach_days(parent, log, window=none) %}
    {% set logs = event_tables() %}
    {% set steps = logs[logs.index(parent) + 1:logs.index(log) + 1] + ([window] if window else []) %}
    {% set reach = namespace(after=1) %}
    {% for step in steps %}
        {% set reach.after = reach.after + var('attribution_days')[step] %}
    {% endfor %}
    {{ return({'before': 1 + steps | length, 'after': reach.after}) }}
{% endmacro %}


{#- The lookback of the event log that a column names. -#}
{% macro lookback_of(event_table) -%}
    case {{ event_table }}
        {%- for table, days in var('lookback_days').items() %}
        when '{{ table }}' then {{ days }}
        {%- endfor %}
    end
{%- endmacro %}
