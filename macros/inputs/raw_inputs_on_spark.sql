{#- How Spark finds and reads the raw tables. The files are listed once, by a reader of theirs that is asked for
    no content. -#}
{% macro spark__first_files_of(patterns) %}
    {% set present = run_query('select distinct pattern from state.found_files').columns[0].values() %}
    {% set found = {} %}
    {% for pattern in patterns if pattern[events_root() | length + 1:] in present %}
        {% do found.update({pattern: pattern}) %}
    {% endfor %}
    {{ return(found) }}
{% endmacro %}


{#- state.found_files: every file under the root (path, bytes, modified_at) with the pattern that it fits: its
    own place, or <table>/**/*.<ending> of one in the folder of a table. -#}
{% macro spark__list_files() %}
    {% set folders = [] %}
    {% for table in graph.sources.values() if table.schema == 'raw' and table.config.meta.folder %}
        {% do folders.append(table.config.meta.folder ~ '/') if table.config.meta.folder ~ '/' not in folders %}
    {% endfor %}
    {% set place = "substring(path, instr(path, '" ~ events_root() ~ "/') + " ~ (events_root() | length + 1) ~ ')' %}
    {% do run_query(
        'create or replace temporary view files_under_root using binaryfile options (path '
        ~ text_literal(events_root()) ~ ", recursiveFileLookup 'true')"
    ) %}
    {% do remember('found_files', "
        select
            path,
            bytes,
            modified_at,
            case
                when place rlike '^(" ~ folders | join('|') ~ ")?+[^/]+/.*[.](csv|parquet)$'
                    then concat(
                        regexp_extract(place, '^(" ~ folders | join('|') ~ ")?+[^/]+', 0), '/**/*.',
                        regexp_extract(place, '(csv|parquet)$', 1)
                    )
                else place
            end as pattern
        from (
            select
                path,
                length as bytes,
                cast(modificationTime as timestamp) as modified_at,
                " ~ place ~ " as place
            from files_under_root
        ) as placed
    ") %}
{% endmacro %}


{#- The root as Spark spells it, with its scheme; a table would take a relative one from elsewhere. -#}
{% macro spark_root() %}
    {{ return(run_query(
        "select min(substring(path, 1, instr(path, '" ~ events_root() ~ "/') + " ~ (events_root() | length - 1)
        ~ ')) from state.found_files'
    ).rows[0][0]) }}
{% endmacro %}


{% macro spark__files_of(input) %}
    {{ return(
        'select path, bytes, modified_at from state.found_files where pattern = '
        ~ text_literal(input.path[events_root() | length + 1:])
    ) }}
{% endmacro %}


{#- Parquet is read where it lies, its folders by day as partitions. Text needs a table over it, because only a
    table can say how the text is written. -#}
{% macro spark__raw_input_reader(path, table) %}
    {% set place = spark_root() ~ path.split('/**')[0][events_root() | length:] %}
    {% if path.endswith('.parquet') %}
        {{ return('parquet.`' ~ place ~ '`') }}
    {% endif %}
    {% set columns = [] %}
    {% for name in table.columns %}
        {% do columns.append(name ~ ' string') %}
    {% endfor %}
    {% set format = text_format(table.config.meta) %}
    {% set files = 'raw.text_of_' ~ table.name %}
    {% do run_query('drop table if exists ' ~ files) %}
    {% do run_query(
        'create table ' ~ files ~ ' (' ~ columns | join(', ') ~ ') using csv options (path ' ~ text_literal(place)
        ~ ", recursiveFileLookup 'true', multiLine 'true', mode 'FAILFAST', enforceSchema 'false', header '"
        ~ (table.config.meta.has_header is not false) | lower ~ "', sep '" ~ format.delim ~ "', quote '"
        ~ format.quote ~ "', escape '" ~ format.escape ~ "')"
    ) %}
    {{ return(files) }}
{% endmacro %}


{% macro spark__landed_on_of_text(input) %}
    {{ return(none if input.path.endswith('.parquet') else 'cast(' ~ day_of_folder('_metadata.file_path') ~ ' as date)') }}
{% endmacro %}


{#- {column: type}, the types in the words of the checks. -#}
{% macro spark__shown_columns(reader) %}
    {% set names = {'string': 'VARCHAR', 'int': 'INTEGER', 'timestamp_ntz': 'TIMESTAMP'} %}
    {% set columns = {} %}
    {% for row in run_query('describe query select * from ' ~ reader).rows %}
        {% do columns.update({row[0]: names.get(row[1], row[1] | upper)}) %}
    {% endfor %}
    {{ return(columns) }}
{% endmacro %}


{#- Spark shows the columns of a table as a whole. -#}
{% macro spark__stored_columns(input, news) %}
    {{ return({input.path: input.columns}) }}
{% endmacro %}


{% macro spark__standing_raw_views() %}
    {{ return([]) }}
{% endmacro %}
