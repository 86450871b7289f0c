{#- Which rows of a relation the batch at hand is about: those whose `column` is one of its days, or, with
    a margin, lies within so many days of them. True of everything outside a by_day model's own build
    (a view, a unit test, a compiled query). -#}
{% macro in_batch(column, days_before=0, days_after=0) -%}
    (1 = 1 /* batch: {{ column }} -{{ days_before }} +{{ days_after }} */)
{%- endmacro %}


{#- Beside in_batch, in a from clause: how many rows it leaves. The engine takes any range of days for a fifth of a
    table, a year of them for more than a batch of raw files, and then hashes the raw rows to look up their
    parents; days that are joined it counts by the column's distinct values. Says nothing outside of a by_day
    model's own build. -#}
{% macro counted_in_batch(column, days_before=0, days_after=0) -%}
    /* days of the batch: {{ column }} -{{ days_before }} +{{ days_after }} */
{%- endmacro %}


{#- Which rows of a relation are about no day of a by_day model, but about a month, say: they are made once
    a run, after the batches. True outside of a by_day model's own build. -#}
{% macro outside_batches() -%}
    (1 = 1 /* outside of batches */)
{%- endmacro %}


{#- A by_day model's SQL for one batch: each in_batch of it bound to the batch's days; or for what is outside
    of batches, where there are no days. -#}
{% macro bind_batch(sql, days) %}
    {% set bound = namespace(sql=sql | replace(outside_batches(), 'false' if days else 'true')) %}
    {% for column, before, after in markers_in(sql) %}
        {% set marker = '(1 = 1 /* batch: ' ~ column ~ ' -' ~ before ~ ' +' ~ after ~ ' */)' %}
        {% set bound.sql = bound.sql | replace(
            marker, on_days(column, days, before, after) if days else 'false'
        ) %}
    {% endfor %}
    {% for marker, column, before, after in modules.re.findall(
        '(/\\* days of the batch: (\\S+) -(\\d+) \\+(\\d+) \\*/)', sql
    ) | unique | list if days %}
        {% set bound.sql = bound.sql | replace(
            marker, adapter.dispatch('joined_days', 'tributary')(column, days, before, after)
        ) %}
    {% endfor %}
    {{ return(bound.sql) }}
{% endmacro %}


{#- A join with the days of a batch (ISO text, ascending) and of so many around them. -#}
{% macro default__joined_days(column, days, before, after) %}
    {% set found = [] %}
    {% set first, last = first_and_last(days, before, after) %}
    {% for ahead in range((last - first).days + 1) %}
        {% do found.append("(date '" ~ (first + modules.datetime.timedelta(days=ahead)) ~ "')") %}
    {% endfor %}
    {{ return(
        'inner join (values ' ~ found | join(', ') ~ ') as days_of_batch (day) on '
        ~ column ~ ' = days_of_batch.day'
    ) }}
{% endmacro %}

{% macro spark__joined_days(column, days, before, after) %}
    {{ return('') }}
{% endmacro %}


{#- (column, days before, days after) of each in_batch in a model's SQL. -#}
{% macro markers_in(sql) %}
    {{ return(modules.re.findall(
        '\\(1 = 1 /\\* batch: (\\S+) -(\\d+) \\+(\\d+) \\*/\\)', sql
    ) | unique | list) }}
{% endmacro %}


{#- {before, after}: how many landed days around those of a batch a model reads at most. -#}
{% macro margins_of_landed_days(sql) %}
    {% set margin = namespace(before=0, after=0) %}
    {% for column, before, after in markers_in(sql) if column.split('.')[-1] == 'landed_on' %}
        {% set margin.before = [margin.before, before | int] | max %}
        {% set margin.after = [margin.after, after | int] | max %}
    {% endfor %}
    {{ return({'before': margin.before, 'after': margin.after}) }}
{% endmacro %}


{#- The condition that a date column is one of the days (ISO text, ascending), or within a margin of
    their span. -#}
{% macro on_days(column, days, before=0, after=0) %}
    {% set first, last = first_and_last(days, before, after) %}
    {% set span = column ~ " between date '" ~ first ~ "' and date '" ~ last ~ "'" %}
    {% if before | int or after | int or (last - first).days + 1 == days | length %}
        {{ return('(' ~ span ~ ')') }}
    {% endif %}
    {{ return('(' ~ span ~ ' and ' ~ column ~ " in (date '" ~ days | join("', date '") ~ "'))") }}
{% endmacro %}


{#- The first and the last of days (ISO text, ascending) and of so many around them, as dates. -#}
{% macro first_and_last(days, before, after) %}
    {% set day = modules.datetime.timedelta(days=1) %}
    {{ return((
        modules.datetime.date.fromisoformat(days[0]) - day * (before | int),
        modules.datetime.date.fromisoformat(days[-1]) + day * (after | int),
    )) }}
{% endmacro %}


{#- Days (ISO text, ascending) in lists that span at most so many days each. -#}
{% macro batches_of(days, most_days) %}
    {% set found = [] %}
    {% for text in days %}
        {% set day = modules.datetime.date.fromisoformat(text) %}
        {% if found and (day - modules.datetime.date.fromisoformat(found[-1][0])).days < most_days %}
            {% do found[-1].append(text) %}
        {% else %}
            {% do found.append([text]) %}
        {% endif %}
    {% endfor %}
    {{ return(found) }}
{% endmacro %}
