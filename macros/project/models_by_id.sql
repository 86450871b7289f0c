{#- {unique id: node} of the project's models. dbt makes a node of `graph` anew each time that it is looked up, even to
    say whether it is there: a run that asked it for each of its statements would spend half of its time on that.
    So they are kept until the run is over. -#}
{% macro models_by_id() %}
    {% if 'models_by_id' not in graph %}
        {% set found = {} %}
        {% for id in graph.nodes if id.startswith('model.') %}
            {% do found.update({id: graph.nodes[id]}) %}
        {% endfor %}
        {% do graph.update({'models_by_id': found}) %}
    {% endif %}
    {{ return(graph.models_by_id) }}
{% endmacro %}
