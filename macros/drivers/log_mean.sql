{#- The logarithmic mean of two doubles, (a - b) / ln(a / b): a where they are equal, 0 where one of them is 0
    or their signs differ. Near each other, where the quotient loses its digits, by the series of
    ln(a / b) = 2 artanh((a - b) / (a + b)). -#}
{% macro log_mean(a, b) -%}
    {%- set u = '((' ~ a ~ ' - ' ~ b ~ ') / (' ~ a ~ ' + ' ~ b ~ '))' -%}
    case
        when {{ a }} * {{ b }} <= 0e0 then 0e0
        when abs({{ u }}) < 0.01e0
            then
                (({{ a }} + {{ b }}) / 2e0) / (
                    1e0 + power({{ u }}, 2) / 3e0 + power({{ u }}, 4) / 5e0
                    + power({{ u }}, 6) / 7e0 + power({{ u }}, 8) / 9e0
                )
        else ({{ a }} - {{ b }}) / ln(case when {{ a }} / {{ b }} > 0e0 then {{ a }} / {{ b }} end)
    end
{%- endmacro %}
