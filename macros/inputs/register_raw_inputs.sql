{#- Before a run: one view in schema `raw` for each declared raw table, over the files that the setting
    TRIBUTARY_EVENTS leads to. What a table must hold is read from its declaration (names and types
    of the source's columns). Every table is checked before the first view is made: a file that is
    absent, unreadable, short of a column or stores money as a float is refused by name, and nothing
    has been touched. A file that an earlier run took in is not opened again. -#}
{% macro register_raw_inputs() %}
    {% if execute and flags.WHICH in ['build', 'run'] %}
        {% do make_state_tables() %}
        {% do run_query('create schema if not exists raw') %}
        {% do adapter.dispatch('list_files', 'tributary')() %}
        {% set inputs = [] %}
        {% for table in graph.sources.values() if table.schema == 'raw' %}
            {% do inputs.append(located_raw_input(table)) %}
        {% endfor %}
        {% do list_landed_files(inputs) %}
        {% for input in inputs if input.path %}
            {% do input.update({'columns': shown_columns(raw_input_reader(input.shown, input.table))}) %}
            {% do check_raw_input(input) %}
        {% endfor %}
        {% do make_raw_views(inputs) %}
    {% endif %}
{% endmacro %}


{#- A view costs a walk through all of its files: one that is there already, over files of the same columns,
    stays. -#}
{% macro make_raw_views(inputs) %}
    {% set standing = adapter.dispatch('standing_raw_views', 'tributary')() %}
    {% for input in inputs %}
        {% set name = input.table.name %}
        {% set query = raw_input_query(input) %}
        {% set definition = local_md5(query ~ tojson(input.columns or {})) %}
        {% if name ~ ' ' ~ definition not in standing %}
            {% do run_query('create or replace view raw.' ~ name ~ ' as ' ~ query) %}
            {% do remember('raw_views', "
                select * from state.raw_views where name <> '" ~ name ~ "'
                union all
                select '" ~ name ~ "', '" ~ definition ~ "'
            ") %}
        {% endif %}
    {% endfor %}
{% endmacro %}


{% macro default__standing_raw_views() %}
    {{ return(run_query("
        select made.name || ' ' || made.definition
        from state.raw_views as made
        inner join duckdb_views() as views on made.name = views.view_name
        where views.schema_name = 'raw' and views.database_name = current_database()
    ").columns[0].values()) }}
{% endmacro %}


{#- The folder or bucket that holds the raw tables. -#}
{% macro events_root() %}
    {{- return(env_var('TRIBUTARY_EVENTS', 'seeds').rstrip('/')) -}}
{% endmacro %}


{#- {table, path, shown, reader}: a raw table whose files were found, and which of them shows its columns; no path
    where an optional one is absent. -#}
{% macro located_raw_input(table) %}
    {% set meta = table.config.meta %}
    {% set found = locate_raw_input(table.name, meta) %}
    {% if not found.path and not meta.optional %}
        {{ exceptions.raise_compiler_error(
            'No file for the raw table "' ~ table.name ~ '" under ' ~ events_root() ~ ': looked for '
            ~ found.tried | join(', ') ~ '. Put the table there, or name the folder that has it with '
            ~ 'TRIBUTARY_EVENTS.'
        ) }}
    {% endif %}
    {% set input = {'table': table, 'path': found.path} %}
    {% if found.path %}
        {% do input.update({
            'shown': found.first_file if found.path.endswith('.parquet') else found.path,
            'reader': raw_input_reader(found.path, table),
        }) %}
    {% endif %}
    {{ return(input) }}
{% endmacro %}


{#- The files of a raw table that no earlier run took in hold what the table must hold. -#}
{% macro check_raw_input(input) %}
    {% set news = news_of_files(input) %}
    {% if news.new_files %}
        {% for file, stored in stored_columns(input, news).items() %}
            {% do check_raw_columns(input.table, file, stored) %}
        {% endfor %}
    {% endif %}
    {% if news.new_files and not input.path.endswith('.parquet') %}
        {% do check_raw_values(input) %}
    {% endif %}
    {% if input.table.config.meta.must_have_rows and (news.gone_files or news.new_files == news.files) %}
        {% do check_raw_rows(input) %}
    {% endif %}
{% endmacro %}


{#- {files, new_files, gone_files}: how the files of a raw table differ from those that earlier runs took in. A
    reference table is not kept by file: it is always new. -#}
{% macro news_of_files(input) %}
    {% if input.table.config.meta.optional %}
        {{ return({'files': 1, 'new_files': 1, 'gone_files': 0}) }}
    {% endif %}
    {% set log = event_tables_in(input.table) | first %}
    {% set row = run_query("
        select count(now.path), count(*) filter (where taken.path is null),
            count(*) filter (where now.path is null)
        from (select * from state.files_now where event_table = '" ~ log ~ "') as now
        full outer join (
            select * from state.landed_files where event_table = '" ~ log ~ "' and " ~ inputs_are_the_same() ~ '
        ) as taken using (path, bytes, modified_at)
    ').rows[0] %}
    {{ return({'files': row[0], 'new_files': row[1], 'gone_files': row[2]}) }}
{% endmacro %}


{#- The select that reads one raw table, with its declared columns and, of an event log, the day on which a
    row landed. An optional table that is absent is empty. -#}
{% macro raw_input_query(input) %}
    {% set columns = input.table.columns %}
    {% if not input.path %}
        {{ return(empty_raw_input(columns)) }}
    {% endif %}
    {% set landed_on = '' if input.table.config.meta.optional else landed_on_column(input) %}
    {{ return('select ' ~ raw_columns(input.path, columns) ~ landed_on ~ ' from ' ~ input.reader) }}
{% endmacro %}


{#- The day in the name of a row's folder, <name>=<day>: the engine skips the files of days that it is not
    asked for. Where one event log does not lie by day, none of them counts as lying so. -#}
{% macro landed_on_column(input) %}
    {% if input_is_by_day() %}
        {% set from_path = adapter.dispatch('landed_on_of_text', 'tributary')(input) %}
        {% if from_path %}
            {{ return(', ' ~ from_path ~ ' as landed_on') }}
        {% endif %}
        {{ return(', ' ~ adapter.quote(name_of_folders_by_day(input.table)) ~ ' as landed_on') }}
    {% endif %}
    {{ return(', ' ~ undated() ~ ' as landed_on') }}
{% endmacro %}


{#- Where the engine makes no column of the names of folders above text files. -#}
{% macro default__landed_on_of_text(input) %}
    {{ return(none) }}
{% endmacro %}


{#- The declared columns, as a select list. Text is handed on through an expression: the engine moves a
    bare column's try_cast into its CSV reader, where it becomes a cast that fails on the first bad
    value. The expression also makes "" what it means, no value. -#}
{% macro raw_columns(path, columns) %}
    {% if path.endswith('.parquet') %}
        {{ return(columns.keys() | join(', ')) }}
    {% endif %}
    {% set selected = [] %}
    {% for name in columns %}
        {% do selected.append('nullif(' ~ name ~ ", '') as " ~ name) %}
    {% endfor %}
    {{ return(selected | join(', ')) }}
{% endmacro %}


{#- {path, first_file, tried}: the one of the accepted layouts that has a file. -#}
{% macro locate_raw_input(name, meta) %}
    {% if meta.file %}
        {% set candidates = [events_root() ~ '/' ~ meta.file] %}
    {% else %}
        {% set candidates = [] %}
        {% for stem in [events_root() ~ '/' ~ meta.folder ~ '/' ~ name, events_root() ~ '/' ~ name] %}
            {% for ending in ['/**/*.parquet', '.parquet', '.csv', '/**/*.csv'] %}
                {% do candidates.append(stem ~ ending) %}
            {% endfor %}
        {% endfor %}
    {% endif %}
    {% set first_files = adapter.dispatch('first_files_of', 'tributary')(candidates) %}
    {% set found = first_files.keys() | list %}
    {% if found | length > 1 %}
        {{ exceptions.raise_compiler_error(
            'The raw table "' ~ name ~ '" lies in ' ~ found | length ~ ' layouts at once: '
            ~ found | join(', ') ~ '. Only one of them would be read. Keep one.'
        ) }}
    {% endif %}
    {{ return({'path': found | first, 'first_file': first_files[found | first], 'tried': candidates}) }}
{% endmacro %}


{#- DuckDB finds files by their patterns; it need not list them first. -#}
{% macro default__list_files() %}
{% endmacro %}


{#- {pattern: its first file} of the patterns that a file fits. A folder with files of years takes a while to walk
    through: once, whatever endings are looked for in it; what was found is kept for the session. -#}
{% macro default__first_files_of(patterns) %}
    {% set walks = {} %}
    {% for pattern in patterns %}
        {% do walks.setdefault(walk_and_ending(pattern)[0], []).append(pattern) %}
    {% endfor %}
    {% set found = {} %}
    {% for walk, of_walk in walks.items() %}
        {% do run_query(
            'set variable ' ~ variable_of_walk(walk) ~ ' = (select list(file order by file) from glob('
            ~ text_literal(walk) ~ '))'
        ) %}
        {% set firsts = [] %}
        {% for pattern in of_walk %}
            {% do firsts.append(files_that_fit(pattern) ~ '[1]') %}
        {% endfor %}
        {% set row = run_query('select ' ~ firsts | join(', ')).rows[0] %}
        {% for pattern in of_walk %}
            {% do found.update({pattern: row[loop.index0]}) if row[loop.index0] %}
        {% endfor %}
    {% endfor %}
    {{ return(found) }}
{% endmacro %}

{#- The files that fit a pattern, of those that were found when its folder was walked through: an expression. -#}
{% macro files_that_fit(pattern) %}
    {% set walk, ending = walk_and_ending(pattern) %}
    {{- return(
        "list_filter(getvariable('" ~ variable_of_walk(walk) ~ "'), lambda file: ends_with(file, "
        ~ text_literal(ending) ~ '))'
    ) -}}
{% endmacro %}

{#- Which files a pattern has to be looked for among, as a pattern of its own, and how the name of one that fits ends. -#}
{% macro walk_and_ending(pattern) %}
    {% set place, below, ending = pattern.partition('/**/*') %}
    {{ return((place ~ ('/**' if below else ''), ending)) }}
{% endmacro %}

{% macro variable_of_walk(walk) %}
    {{- return('files_at_' ~ local_md5(walk)) -}}
{% endmacro %}


{% macro text_literal(text) %}
    {{- return("'" ~ text | replace("'", "''") ~ "'") -}}
{% endmacro %}


{#- The table function that reads a located table. CSV is read as text: staging types each value and
    names the ones that it cannot read. A source whose files differ from plain CSV says how in
    `meta.csv`, {delim, quote, escape}. A file without a header line (`meta.has_header: false`) has
    the declared columns, in the order in which they are declared. -#}
{% macro raw_input_reader(path, table) %}
    {{ return(adapter.dispatch('raw_input_reader', 'tributary')(path, table)) }}
{% endmacro %}

{% macro default__raw_input_reader(path, table) %}
    {% set meta = table.config.meta %}
    {% set files = text_literal(path) %}
    {% if '/**/' in path and not meta.optional %}
        {% set files = "coalesce(getvariable('" ~ files_variable(table) ~ "'), [" ~ files ~ '])' %}
    {% endif %}
    {% if path.endswith('.parquet') %}
        {{ return('read_parquet(' ~ files ~ ', hive_partitioning = true)') }}
    {% endif %}
    {% set options = [] %}
    {% for option, value in text_format(meta).items() %}
        {% do options.append(option ~ ' = ' ~ text_literal(value)) %}
    {% endfor %}
    {% set options = options | join(', ') ~ ', skip = 0' %}
    {% if meta.has_header is false %}
        {% set named = [] %}
        {% for name in table.columns %}
            {% do named.append(text_literal(name) ~ ": 'VARCHAR'") %}
        {% endfor %}
        {% set options = options ~ ', header = false, auto_detect = false, columns = {'
            ~ named | join(', ') ~ '}' %}
    {% else %}
        {% set options = options ~ ', header = true' %}
    {% endif %}
    {{ return(
        'read_csv(' ~ files ~ ', all_varchar = true, strict_mode = true, ' ~ options ~ ')'
    ) }}
{% endmacro %}


{#- The variable of a session that names the files of an event log to read, of the many that it has: to find
    them by walking through its folders takes longer than to read a day of them. Where it is not set, all. -#}
{% macro files_variable(table) %}
    {{- return('files_of_' ~ table.name) -}}
{% endmacro %}


{#- From here on, a session reads the files of some landed days (ISO text, ascending) and of so many days around
    them, and no others, of the event logs that the model at hand reads; without days, all of them. A file
    of the usual size comes first: the engine takes all of them to be as long as the first, and hashes
    whichever side of a join it takes for the smaller. Files that came too late and wait are not read, though a
    day beside theirs is built: a file is read that was taken in and is still there. -#}
{% macro read_files_of(days, before=0, after=0) %}
    {% do adapter.dispatch('read_files_of', 'tributary')(days, before, after) %}
{% endmacro %}

{% macro default__read_files_of(days, before, after) %}
    {% do default__name_files_taken_in(on_days('landed_on', days, before, after) if days else 'false') %}
{% endmacro %}

{#- Spark lists the files of a table once in a session. -#}
{% macro spark__read_files_of(days, before, after) %}
{% endmacro %}


{#- From here on, a session reads all files that were taken in, and none that waits. Where none does, they are
    what it reads anyway. -#}
{% macro read_files_taken_in() %}
    {% do adapter.dispatch('read_files_taken_in', 'tributary')() %}
{% endmacro %}

{% macro default__read_files_taken_in() %}
    {% set late_days = adapter.get_relation(target.database, 'state', 'late_days') %}
    {% if late_days and run_query('select 1 from ' ~ late_days ~ ' limit 1').rows | length %}
        {% do default__name_files_taken_in('true') %}
    {% endif %}
{% endmacro %}

{% macro spark__read_files_taken_in() %}
{% endmacro %}


{#- Of the engine that is told by a variable only. -#}
{% macro default__name_files_taken_in(condition) %}
    {% for table in graph.sources.values()
        if table.schema == 'raw' and not table.config.meta.optional and reads_source(table) %}
        {% call statement('files') %}
            set variable {{ files_variable(table) }} = (
                select list(path order by abs(bytes - mean_bytes), path)
                from (
                    select
                        path,
                        bytes,
                        avg(bytes) over () as mean_bytes
                    from state.landed_files
                    where
                        event_table = '{{ event_tables_in(table) | first }}'
                        and path in (select path from state.files_now)
                        and {{ condition }}
                ) as files
            )
        {% endcall %}
    {% endfor %}
{% endmacro %}


{#- Whether a staging model that the model at hand reads reads the source. -#}
{% macro reads_source(table) %}
    {% set models = models_by_id() %}
    {% for id in model.depends_on.nodes if id in models %}
        {% if table.unique_id in models[id].depends_on.nodes %}
            {{ return(true) }}
        {% endif %}
    {% endfor %}
    {{ return(false) }}
{% endmacro %}


{#- {delim, quote, escape} of a raw table in text. -#}
{% macro text_format(meta) %}
    {{ return(meta.csv or {'delim': ',', 'quote': '"', 'escape': '"'}) }}
{% endmacro %}


{% macro empty_raw_input(columns) %}
    {% set nulls = [] %}
    {% for column in columns.values() %}
        {% do nulls.append('cast(null as ' ~ column.data_type ~ ') as ' ~ column.name) %}
    {% endfor %}
    {{ return('select ' ~ nulls | join(', ') ~ ' where false') }}
{% endmacro %}


{#- {column: type} as a reader shows them; of many files these are the first one's. -#}
{% macro shown_columns(reader) %}
    {{ return(adapter.dispatch('shown_columns', 'tributary')(reader)) }}
{% endmacro %}

{% macro default__shown_columns(reader) %}
    {% set columns = {} %}
    {% for row in run_query('describe select * from ' ~ reader).rows %}
        {% do columns.update({row[0]: row[1]}) %}
    {% endfor %}
    {{ return(columns) }}
{% endmacro %}


{#- {file: {column: type}}: what the new files of a raw table have, one file for all that have the same. What a
    file does not store may stand in the names of the folders above it, <column>=<value>. -#}
{% macro stored_columns(input, news) %}
    {{ return(adapter.dispatch('stored_columns', 'tributary')(input, news)) }}
{% endmacro %}

{% macro default__stored_columns(input, news) %}
    {% if not input.path.endswith('.parquet') %}
        {{ return({input.path: input.columns}) }}
    {% endif %}
    {% set files = {} %}
    {% set looked_at = text_literal(input.path) %}
    {% if news.new_files < news.files %}
        {% do run_query("set variable new_files = (select list(path) from (select path, bytes, modified_at
            from state.files_now where event_table = '" ~ event_tables_in(input.table) | first ~ "'
            except select path, bytes, modified_at from state.landed_files))") %}
        {% set looked_at = "getvariable('new_files')" %}
    {% endif %}
    {% for file, schema, names in run_query(
        "select min(file_name), stored, names from (select file_name, string_agg(name || '=' || duckdb_type, '|' "
        ~ "order by name) as stored, array_to_string(" ~ names_of_folders('file_name') ~ ", '|') as names "
        ~ 'from parquet_schema(' ~ looked_at ~ ') where duckdb_type is not null group by file_name) as files '
        ~ 'group by stored, names order by 1'
    ).rows %}
        {% set columns = {} %}
        {% for name in names.split('|') if name %}
            {% do columns.update({name: input.columns.get(name, 'VARCHAR')}) %}
        {% endfor %}
        {% for part in schema.split('|') %}
            {% do columns.update({part.split('=')[0]: part.split('=')[1]}) %}
        {% endfor %}
        {% do files.update({file: columns}) %}
    {% endfor %}
    {{ return(files) }}
{% endmacro %}


{#- Every declared column is there, stored as something that converts to its type without loss. -#}
{% macro check_raw_columns(table, file, stored) %}
    {% set missing = table.columns.keys() | reject('in', stored) | list %}
    {% for name in table.columns if name ~ '_1' in stored and name in stored %}
        {{ exceptions.raise_compiler_error(
            file ~ ' names the column ' ~ name ~ ' of the raw table "' ~ table.name
            ~ '" twice in its first line. Which of them counts is anybody\'s guess: name each column once.'
        ) }}
    {% endfor %}
    {% if missing and stored.keys() | list == ['column0'] %}
        {{ exceptions.raise_compiler_error(
            file ~ ' of the raw table "' ~ table.name ~ '" is empty: it has no line with the names of its '
            ~ 'columns. Write ' ~ table.columns.keys() | join(',') ~ ' as its first line, even where it has '
            ~ 'no row.'
        ) }}
    {% elif missing and stored | length == 1 and (';' in stored.keys() | first or '\t' in stored.keys() | first) %}
        {{ exceptions.raise_compiler_error(
            file ~ ' of the raw table "' ~ table.name ~ '" has one column, "' ~ stored.keys() | first
            ~ '". Separate values by commas.'
        ) }}
    {% elif missing %}
        {% set types = [] %}
        {% for name in missing %}
            {% do types.append(table.columns[name].data_type) %}
        {% endfor %}
        {% set they = 'it' if missing | length == 1 else 'them' %}
        {#- What a folder's name says is no column of its file. -#}
        {% set there = [] %}
        {% for name in stored if '/' ~ name ~ '=' not in file %}
            {% do there.append(name) %}
        {% endfor %}
        {{ exceptions.raise_compiler_error(
            file ~ ' lacks the column' ~ ('' if missing | length == 1 else 's') ~ ' '
            ~ missing | join(', ') ~ ' of the raw table "' ~ table.name
            ~ '"; its first line or schema has ' ~ there | join(', ')
            ~ '. Write the file with ' ~ they ~ ', empty where a value is unknown. Write ' ~ they ~ ' as '
            ~ types | join(', ') ~ '.'
        ) }}
    {% endif %}
    {% for column in table.columns.values() %}
        {% set type = stored[column.name] %}
        {% if not raw_type_fits(column.data_type, type) %}
            {{ exceptions.raise_compiler_error(
                file ~ ' stores the column ' ~ column.name ~ ' of the raw table "' ~ table.name
                ~ '" as ' ~ type ~ ', which cannot be read as ' ~ column.data_type
                ~ ' without loss. Write it as ' ~ column.data_type ~ ', or as text.'
            ) }}
        {% endif %}
    {% endfor %}
{% endmacro %}


{#- Text fits every type (it is parsed row by row); else the stored type must convert without loss:
    money and counts never pass through a float. -#}
{% macro raw_type_fits(declared, stored) %}
    {% set whole = ['TINYINT', 'SMALLINT', 'INTEGER', 'BIGINT', 'UTINYINT', 'USMALLINT', 'UINTEGER'] %}
    {% if stored.startswith('STRUCT') or stored.startswith('MAP') or stored.endswith(']') or stored == 'BLOB' %}
        {{ return(false) }}
    {% elif stored == 'VARCHAR' or declared == 'string' %}
        {{ return(true) }}
    {% elif declared in ['timestamp', 'date'] %}
        {{ return(stored == 'DATE' or stored.startswith('TIMESTAMP')) }}
    {% elif declared == 'boolean' %}
        {{ return(stored == 'BOOLEAN') }}
    {% elif declared == 'bigint' %}
        {{ return(stored in whole) }}
    {% elif declared.startswith('decimal') %}
        {{ return(stored in whole or stored.startswith('DECIMAL')) }}
    {% endif %}
    {{ return(stored in whole + ['FLOAT', 'DOUBLE'] or stored.startswith('DECIMAL')) }}
{% endmacro %}


{#- Text can be read to its end; and a column in which not one value is of its type is a wrong column, not
    a bad row. (Of Parquet the footers have told as much.) -#}
{% macro check_raw_values(input) %}
    {% set typed = input.table.columns.values() | rejectattr('data_type', 'equalto', 'string') | list %}
    {% set counts = ['count(*)'] %}
    {% for column in typed %}
        {% do counts.append('count(' ~ to_text(column.name) ~ ')') %}
        {% do counts.append('count(' ~ to_declared(column) ~ ')') %}
    {% endfor %}
    {% do counts.append("count_if(concat_ws('', " ~ input.table.columns.keys() | join(', ') ~ ") like '%\"%')") %}
    {% set result = run_query('select ' ~ counts | join(', ') ~ ' from ' ~ input.reader).rows[0] %}
    {% if result[typed | length * 2 + 1] %}
        {% do check_quotes(input) %}
    {% endif %}
    {% for column in typed %}
        {% if result[loop.index0 * 2 + 1] > 0 and result[loop.index0 * 2 + 2] == 0 %}
            {{ exceptions.raise_compiler_error(
                input.path ~ ': not one value of the column ' ~ column.name ~ ' of the raw table "'
                ~ input.table.name ~ '" reads as ' ~ column.data_type
                ~ '. Check the order of the columns, or write the values as ' ~ column.data_type ~ '.'
            ) }}
        {% endif %}
    {% endfor %}
{% endmacro %}


{#- A quote within a value is one of a pair in a value that stands in quotes. The engine lets any other pass as
    part of the value, and what it was to enclose is lost. Looked for only where a value holds a quote. -#}
{% macro check_quotes(input) %}
    {% do adapter.dispatch('check_quotes', 'tributary')(input) %}
{% endmacro %}

{% macro default__check_quotes(input) %}
    {% set format = text_format(input.table.config.meta) %}
    {% if format.quote == '"' and format.delim == ',' %}
        {% for file, stray in run_query("
            select filename, regexp_extract(rest, '[^,\n]*\"[^,\n]*') as stray
            from (
                select filename, regexp_replace(content, '(^|,|\n)\"([^\"]|\"\")*\"', '\\1', 'g') as rest
                from read_text(" ~ text_literal(input.path) ~ ")
            ) as unquoted
            where rest like '%\"%'
            order by filename
        ").rows %}
            {{ exceptions.raise_compiler_error(
                'CSV Error: a quote stands inside an unquoted value: ' ~ stray ~ '. Quote the value and double '
                ~ 'the quotes inside.\nfile = ' ~ file ~ '\n'
            ) }}
        {% endfor %}
    {% endif %}
{% endmacro %}

{#- Where the reader fails by itself on such a quote. -#}
{% macro spark__check_quotes(input) %}
{% endmacro %}


{% macro check_raw_rows(input) %}
    {% if not run_query('select count(*) from (select 1 from ' ~ input.reader ~ ' limit 1) as found').rows[0][0] %}
        {{ exceptions.raise_compiler_error(
            input.path ~ ': the raw table "' ~ input.table.name ~ '" holds no row. Export at least one day, '
            ~ 'or name the folder that has it with TRIBUTARY_EVENTS.'
        ) }}
    {% endif %}
{% endmacro %}


{#- A raw text column as its declared type, NULL where it does not parse. -#}
{% macro to_declared(column) %}
    {% if column.data_type == 'bigint' %}
        {{ return(to_integer(column.name)) }}
    {% elif column.data_type == 'timestamp' %}
        {{ return(to_timestamp(column.name)) }}
    {% elif column.data_type == 'double' %}
        {{ return(to_double(column.name)) }}
    {% endif %}
    {{ return('try_cast(' ~ column.name ~ ' as ' ~ column.data_type ~ ')') }}
{% endmacro %}
