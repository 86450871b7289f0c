{#- A view that stands as it was made, over relations that have the columns they had, is left as it is: to make one binds
    all that is below it, down to the event files, of which a long history has tens of thousands. What was changed in
    the database by hand, and has its columns still, a full refresh makes again. -#}
{% materialization view, adapter='duckdb' %}
    {%- set existing = load_cached_relation(this) -%}
    {%- set stored = stored_fingerprint() -%}
    {%- if stored and existing is not none and existing.is_view and not should_full_refresh()
        and stored == fingerprint_of_view() -%}
        {%- call noop_statement('main', 'STANDS') -%}{%- endcall -%}
        {{ return({'relations': [existing]}) }}
    {%- endif -%}
    {#- A run that is killed in between makes it once more. -#}
    {%- if stored -%}
        {%- do forget_model('fingerprints') -%}
        {%- do settle() -%}
    {%- endif -%}
    {%- set made = dbt.materialization_view_default() -%}
    {%- do remember_fingerprint(fingerprint_of_view()) -%}
    {%- do settle() -%}
    {{ return(made) }}
{% endmaterialization %}


{#- What the view at hand says, and the names and types of its columns and of those of what it reads. -#}
{% macro fingerprint_of_view() %}
    {% set names = ["'" ~ this.schema ~ '.' ~ this.identifier ~ "'"] %}
    {% for id in model.depends_on.nodes %}
        {% set node = models_by_id().get(id) or graph.sources[id] %}
        {% do names.append("'" ~ node.schema ~ '.' ~ (node.identifier or node.alias) ~ "'") %}
    {% endfor %}
    {% set column = "concat_ws(' ', table_name, column_name, data_type)" %}
    {% set columns = run_query(
        'select ' ~ joined_in_order(column, ',', 'table_name, column_index') ~ '
        from duckdb_columns()
        where
            database_name = current_database()
            and schema_name || \'.\' || table_name in (' ~ names | join(', ') ~ ')'
    ).rows[0][0] %}
    {{ return(local_md5(model.compiled_code ~ columns)) }}
{% endmacro %}
