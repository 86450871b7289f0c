{#- Before a run: one view in schema `raw` for each declared raw table, over the files that the setting
    TRIBUTARY_EVENTS leads to. What a table must hold is read from its declaration (names and types
    of the source's columns). Every table is checked before the first view is made: a file that is
    absent, unreadable, short of a column or stores money as a float is refused by name, and nothing
    has been touched. -#}
{% macro register_raw_inputs() %}
    {% if execute and flags.WHICH in ['build', 'run'] %}
        {% set inputs = [] %}
        {% for table in graph.sources.values() if table.schema == 'raw' %}
            {% do inputs.append(checked_raw_input(table)) %}
        {% endfor %}
        {% do run_query('create schema if not exists raw') %}
        {% do list_landed_files(inputs) %}
        {% for input in inputs %}
            {% do run_query(
                'create or replace view raw.' ~ input.table.name ~ ' as ' ~ raw_input_query(input)
            ) %}
        {% endfor %}
    {% endif %}
{% endmacro %}


{#- The folder or bucket that holds the raw tables. -#}
{% macro events_root() %}
    {{- return(env_var('TRIBUTARY_EVENTS', 'seeds').rstrip('/')) -}}
{% endmacro %}


{#- {table, path, reader, columns}: a raw table whose files were found and can be read; no path where an
    optional one is absent. -#}
{% macro checked_raw_input(table) %}
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
        {% set reader = raw_input_reader(found.path, meta, table.columns) %}
        {% do input.update({'reader': reader, 'columns': shown_columns(reader)}) %}
        {% for file, stored in stored_columns(input).items() %}
            {% do check_raw_columns(table, file, stored) %}
        {% endfor %}
        {% do check_raw_rows(table, found.path, reader) %}
    {% endif %}
    {{ return(input) }}
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
        {% for name, type in input.columns.items()
            if type == 'DATE' and name not in input.table.columns %}
            {{ return(', ' ~ name ~ ' as landed_on') }}
        {% endfor %}
    {% endif %}
    {{ return(', ' ~ undated() ~ ' as landed_on') }}
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


{#- {path, tried}: the one of the accepted layouts that has a file. -#}
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
    {% set found = [] %}
    {% for candidate in candidates %}
        {% if run_query('select 1 from glob(' ~ text_literal(candidate) ~ ') limit 1').rows | length %}
            {% do found.append(candidate) %}
        {% endif %}
    {% endfor %}
    {% if found | length > 1 %}
        {{ exceptions.raise_compiler_error(
            'The raw table "' ~ name ~ '" lies in ' ~ found | length ~ ' layouts at once: '
            ~ found | join(', ') ~ '. Only one of them would be read. Keep one.'
        ) }}
    {% endif %}
    {{ return({'path': found[0] if found else none, 'tried': candidates}) }}
{% endmacro %}


{% macro text_literal(text) %}
    {{- return("'" ~ text | replace("'", "''") ~ "'") -}}
{% endmacro %}


{#- The table function that reads a located table. CSV is read as text: staging types each value and
    names the ones that it cannot read. A source whose files differ from plain CSV says how in
    `meta.csv`, as arguments of read_csv. A file without a header line (`meta.has_header: false`) has
    the declared columns, in the order in which they are declared. -#}
{% macro raw_input_reader(path, meta, columns) %}
    {% if path.endswith('.parquet') %}
        {{ return('read_parquet(' ~ text_literal(path) ~ ', hive_partitioning = true)') }}
    {% endif %}
    {% set options = meta.csv or "delim = ',', quote = '\"', escape = '\"', skip = 0" %}
    {% if meta.has_header is false %}
        {% set named = [] %}
        {% for name in columns %}
            {% do named.append(text_literal(name) ~ ": 'VARCHAR'") %}
        {% endfor %}
        {% set options = options ~ ', header = false, auto_detect = false, columns = {'
            ~ named | join(', ') ~ '}' %}
    {% else %}
        {% set options = options ~ ', header = true' %}
    {% endif %}
    {{ return(
        'read_csv(' ~ text_literal(path) ~ ', all_varchar = true, strict_mode = true, ' ~ options ~ ')'
    ) }}
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
    {% set columns = {} %}
    {% for row in run_query('describe select * from ' ~ reader).rows %}
        {% do columns.update({row[0]: row[1]}) %}
    {% endfor %}
    {{ return(columns) }}
{% endmacro %}


{#- {file: {column: type}}: what the files of a raw table store, one file for all that store the same. What
    stands in no file, but in the names of their folders, all of them have. -#}
{% macro stored_columns(input) %}
    {% if not input.path.endswith('.parquet') %}
        {{ return({input.path: input.columns}) }}
    {% endif %}
    {% set files = {} %}
    {% set stored_anywhere = [] %}
    {% for file, schema in run_query(
        "select min(file_name), stored from (select file_name, string_agg(name || '=' || duckdb_type, '|' "
        ~ 'order by name) as stored from parquet_schema(' ~ text_literal(input.path) ~ ') '
        ~ 'where duckdb_type is not null group by file_name) as files group by stored order by 1'
    ).rows %}
        {% set columns = {} %}
        {% for part in schema.split('|') %}
            {% do columns.update({part.split('=')[0]: part.split('=')[1]}) %}
        {% endfor %}
        {% do stored_anywhere.extend(columns) %}
        {% do files.update({file: columns}) %}
    {% endfor %}
    {% for columns in files.values() %}
        {% for name, type in input.columns.items() if name not in stored_anywhere %}
            {% do columns.update({name: type}) %}
        {% endfor %}
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
        {{ exceptions.raise_compiler_error(
            file ~ ' lacks the column' ~ ('' if missing | length == 1 else 's') ~ ' '
            ~ missing | join(', ') ~ ' of the raw table "' ~ table.name
            ~ '"; its first line or schema has ' ~ stored.keys() | join(', ')
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
    {% if stored == 'VARCHAR' or declared == 'varchar' %}
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


{#- The files can be read to their end. Of Parquet the footers are enough; text is read once, which
    also shows a column in which not one value is of its type: a wrong column, not a bad row. -#}
{% macro check_raw_rows(table, path, reader) %}
    {% if path.endswith('.parquet') %}
        {% set rows = run_query(
            'select coalesce(sum(num_rows), 0) from parquet_file_metadata(' ~ text_literal(path) ~ ')'
        ).rows[0][0] %}
    {% else %}
        {% set typed = table.columns.values() | rejectattr('data_type', 'equalto', 'varchar') | list %}
        {% set counts = ['count(*)'] %}
        {% for column in typed %}
            {% do counts.append('count(' ~ to_text(column.name) ~ ')') %}
            {% do counts.append('count(' ~ to_declared(column) ~ ')') %}
        {% endfor %}
        {% set result = run_query('select ' ~ counts | join(', ') ~ ' from ' ~ reader).rows[0] %}
        {% set rows = result[0] %}
        {% for column in typed %}
            {% if result[loop.index0 * 2 + 1] > 0 and result[loop.index0 * 2 + 2] == 0 %}
                {{ exceptions.raise_compiler_error(
                    path ~ ': not one value of the column ' ~ column.name ~ ' of the raw table "'
                    ~ table.name ~ '" reads as ' ~ column.data_type
                    ~ '. Check the order of the columns, or write the values as ' ~ column.data_type ~ '.'
                ) }}
            {% endif %}
        {% endfor %}
    {% endif %}
    {% if rows == 0 and table.config.meta.must_have_rows %}
        {{ exceptions.raise_compiler_error(
            path ~ ': the raw table "' ~ table.name ~ '" holds no row. Export at least one day, or name '
            ~ 'the folder that has it with TRIBUTARY_EVENTS.'
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
