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


{#- Ids of the models above a node of the project: the model or test at hand, or any model. Kept until the run is over,
    as each of several hundred tests asks. -#}
{% macro ancestors_of(id) %}
    {% set known = graph.setdefault('ancestors', {}) %}
    {% if id not in known %}
        {% set models = models_by_id() %}
        {% set found = {} %}
        {% for parent in models.get(id, model).depends_on.nodes if parent in models %}
            {% do found.update({parent: true}) %}
            {% for ancestor in ancestors_of(parent) %}
                {% do found.update({ancestor: true}) %}
            {% endfor %}
        {% endfor %}
        {% do known.update({id: found.keys() | list}) %}
    {% endif %}
    {{ return(known[id]) }}
{% endmacro %}
