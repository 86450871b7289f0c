{#- Of what is one text over other columns again and again the linter reads the first: a list, as long as it has to
    be, or all of it. -#}
{% macro first_when_linted(items, least=1) %}
    {{ return((items | list)[:least] if target.name == 'lint' else items) }}
{% endmacro %}
