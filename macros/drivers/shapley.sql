{#- Nodes and weights of Gauss and Legendre on [0, 1], by how many there are: n of them integrate a polynomial
    of degree 2n - 1 exactly. -#}
{% macro quadrature(nodes) %}
    {{ return({
        1: [('0.5e0', '1e0')],
        2: [('0.21132486540518713e0', '0.5e0'), ('0.7886751345948129e0', '0.5e0')],
        3: [
            ('0.1127016653792583e0', '0.2777777777777778e0'),
            ('0.5e0', '0.4444444444444444e0'),
            ('0.8872983346207417e0', '0.2777777777777778e0'),
        ],
        4: [
            ('0.06943184420297371e0', '0.17392742256872692e0'),
            ('0.33000947820757187e0', '0.3260725774312731e0'),
            ('0.6699905217924281e0', '0.3260725774312731e0'),
            ('0.9305681557970262e0', '0.17392742256872692e0'),
        ],
        5: [
            ('0.04691007703066802e0', '0.11846344252809454e0'),
            ('0.23076534494715845e0', '0.23931433524968324e0'),
            ('0.5e0', '0.28444444444444444e0'),
            ('0.7692346550528415e0', '0.23931433524968324e0'),
            ('0.9530899229693319e0', '0.11846344252809454e0'),
        ],
    }[nodes]) }}
{% endmacro %}


{#- What factor `of` of a product added to it between two periods, by Shapley: the mean over every order in
    which the factors may have moved, which is the integral of the others' product along the straight line
    from one period to the other. The factors are columns <name>_base and <name>_now. -#}
{% macro shapley_effect(of, factors, constant='1e0') -%}
    {%- if factors | length > 10 -%}
        {{ exceptions.raise_compiler_error(
            'An identity of ' ~ factors | length ~ ' factors: it may have ten.'
        ) }}
    {%- endif -%}
    {{ constant }} * ({{ of }}_now - {{ of }}_base) * (
        {%- for node, weight in quadrature(range(0, factors | length, 2) | list | length) %}
        {{ '+ ' if not loop.first }}{{ weight }}
        {%- for other in factors if other != of %}
        * ({{ other }}_base + {{ node }} * ({{ other }}_now - {{ other }}_base))
        {%- endfor %}
        {%- endfor %}
    )
{%- endmacro %}
