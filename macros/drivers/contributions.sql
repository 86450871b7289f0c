{#- Why the result of an identity moved between two periods: what each of its factors contributed. -#}

{#- A factor or result in one of the two periods (`base` or `now`), as a double over the columns of a pair:
    the quantity itself, or the ratio of the two sums that a metric is made of. -#}
{% macro value_in(name, period) -%}
    {%- set declared = var('metrics').get(name) -%}
    {%- if declared -%}
        {%- set numerator = declared.numerator ~ '_' ~ period -%}
        {%- if declared.minus -%}
            {%- set numerator = numerator ~ ' - ' ~ declared.minus ~ '_' ~ period -%}
        {%- endif -%}
        {{ ratio(numerator, declared.denominator ~ '_' ~ period, declared.get('scale', 1)) }}
    {%- else -%}
        cast({{ name }}_{{ period }} as double)
    {%- endif -%}
{%- endmacro %}


{#- What an identity's result and factors are sums of: the columns that a pair must have. -#}
{% macro quantities_of(declared) %}
    {% set names = [] %}
    {% for quantity in [declared.result] + declared.factors %}
        {% set name = factor_of(quantity).name %}
        {% set metric_declared = var('metrics').get(name) %}
        {% if metric_declared %}
            {% do names.extend([metric_declared.numerator, metric_declared.denominator]) %}
            {% if metric_declared.minus %}
                {% do names.append(metric_declared.minus) %}
            {% endif %}
        {% elif name is not none %}
            {% do names.append(name) %}
        {% endif %}
    {% endfor %}
    {{ return(names | unique | list) }}
{% endmacro %}


{#- The leading factor of an identity where slices of it add up to a whole: a quantity, and the result one,
    too. Its change is then told as the whole's (volume) and as that of the slice's share (mix). None
    otherwise. -#}
{% macro leading_factor(declared) %}
    {% set first = factor_of(declared.factors[0]) %}
    {% if first.name is none or first.name in var('metrics') or declared.result in var('metrics') %}
        {{ return(none) }}
    {% endif %}
    {{ return(first.name) }}
{% endmacro %}


{#- The factors whose movements make the result's: {factor, effect, base, now, scale, divide}, base and now
    being expressions over a pair. -#}
{% macro moving_factors(declared) %}
    {% set lead = leading_factor(declared) %}
    {% set found = [] %}
    {% if lead %}
        {% set whole = {} %}
        {% for period in ['base', 'now'] %}
            {% do whole.update({period: 'cast(' ~ lead ~ '_whole_' ~ period ~ ' as double)'}) %}
        {% endfor %}
        {% do found.append({
            'factor': lead, 'effect': 'volume', 'base': whole.base, 'now': whole.now,
            'scale': factor_of(declared.factors[0]).scale, 'divide': false,
        }) %}
        {% do found.append({
            'factor': lead, 'effect': 'mix',
            'base': ratio(lead ~ '_base', lead ~ '_whole_base'),
            'now': ratio(lead ~ '_now', lead ~ '_whole_now'),
            'scale': 1, 'divide': false,
        }) %}
    {% endif %}
    {% for quantity in declared.factors[(1 if lead else 0):] %}
        {% set factor = factor_of(quantity) %}
        {% if factor.name is not none %}
            {% do found.append({
                'factor': factor.name, 'effect': 'rate',
                'base': value_in(factor.name, 'base'), 'now': value_in(factor.name, 'now'),
                'scale': factor.scale, 'divide': factor.divide,
            }) %}
        {% endif %}
    {% endfor %}
    {{ return(found) }}
{% endmacro %}


{#- What is multiplied into every product of an identity: its constants and its factors' scales. -#}
{% macro constant_of(declared) %}
    {% set scales = [] %}
    {% for quantity in declared.factors %}
        {% set scale = factor_of(quantity).scale %}
        {% if scale != 1 %}
            {% do scales.append('cast(' ~ scale ~ ' as double)') %}
        {% endif %}
    {% endfor %}
    {{ return(scales | join(' * ') or '1e0') }}
{% endmacro %}


{#- One row per pair, factor and effect of an identity.

    `relation` has one row per slice (its columns `keys`) with every quantity of the identity as
    <name>_base and <name>_now and, where it has a leading factor, that of the whole as
    <name>_whole_base and <name>_whole_now. The rows' contributions add up to the change of the result to the
    last digit kept: six places for an amount or a count, twelve for a ratio.

    LMDI-I, since it tells the same of a factor in every identity in which the factor stands. What has no
    logarithm goes by other rules, named in `method`:
    limit    the result is 0 in one period: the change belongs to the factor that is 0 there. A ratio that
             has no denominator says nothing and takes nothing.
    shapley  a sign changes (refunds, losses).
    What the factors leave unsaid, where one of them has no value and the result has, is a row of its own,
    effect 'unattributed'. `always` names one method to use wherever it can be, for comparison. -#}
{% macro factor_contributions(identity, declared, relation, keys, always=none) -%}
    {%- set factors = moving_factors(declared) -%}
    {%- set digits = 12 if declared.result in var('metrics') else 6 -%}
    {%- set exact = 'decimal(38, ' ~ digits ~ ')' -%}
    {%- set names = [] -%}
    {%- for factor in factors -%}
        {%- do names.append('f' ~ loop.index) -%}
    {%- endfor -%}
    select * from (
        with factors_of_pairs as (

            select
                {%- for key in keys %}
                {{ key }},
                {%- endfor %}
                {%- for period in ['base', 'now'] %}
                {%- if digits == 6 %}
                cast({{ declared.result }}_{{ period }} as {{ exact }}) as result_{{ period }},
                {%- else %}
                cast({{ value_in(declared.result, period) }} as {{ exact }}) as result_{{ period }},
                {%- endif %}
                {{ value_in(declared.result, period) }} as v_{{ period }},
                {%- for factor in factors %}
                {{ ('1e0 / nullif(' ~ factor[period] ~ ', 0)') if factor.divide else factor[period] -}}
                {{ ' ' }}as {{ names[loop.index0] }}_{{ period }},
                {%- endfor %}
                {%- endfor %}
                {{ slice_status(declared) }} as slice_status
            from {{ relation }}

        ),

        judged as (

            select
                *,
                {{ log_mean('v_now', 'v_base') | indent(16) }} as mean_result,
                {%- for name in names %}
                case when {{ name }}_base = 0 and {{ name }}_now <> 0 then 1 else 0 end
                {{- ' +' if not loop.last else ' as zeros_base,' }}
                {%- endfor %}
                {%- for name in names %}
                case when {{ name }}_now = 0 and {{ name }}_base <> 0 then 1 else 0 end
                {{- ' +' if not loop.last else ' as zeros_now,' }}
                {%- endfor %}
                case
                    {%- if always == 'shapley' %}
                    when true then 'shapley'
                    {%- endif %}
                    when v_base = 0 or v_now = 0 then 'limit'
                    when
                        v_base * v_now < 0
                        {%- for name in names %}
                        or {{ name }}_base * {{ name }}_now < 0
                        {%- endfor %}
                        then 'shapley'
                    else 'lmdi'
                end as method
            from factors_of_pairs
            where v_base is not null and v_now is not null

        ),

        known as (

            select
                *,
                {%- for name in names %}
                coalesce({{ name }}_base, {{ name }}_now, 1e0) as k{{ name }}_base,
                coalesce({{ name }}_now, {{ name }}_base, 1e0) as k{{ name }}_now,
                case when {{ name }}_base * {{ name }}_now > 0 then {{ name }}_now / {{ name }}_base end
                    as m{{ loop.index }}{{ ',' if not loop.last }}
                {%- endfor %}
            from judged

        ),

        effects as (

            select
                *,
                {%- for name in names %}
                case
                    when method = 'lmdi'
                        then coalesce(
                            mean_result * ln(case when m{{ loop.index }} > 0e0 then m{{ loop.index }} end),
                            0e0
                        )
                    when method = 'shapley'
                        then {{ shapley_effect(
                            'k' ~ name, names | map('replace', 'f', 'kf') | list,
                            constant_of(declared)
                        ) | indent(24) }}
                    when v_base = 0 and {{ name }}_base = 0 and {{ name }}_now <> 0
                        then v_now / zeros_base
                    when v_now = 0 and {{ name }}_now = 0 and {{ name }}_base <> 0
                        then -v_base / zeros_now
                    else 0e0
                end as e{{ loop.index }}{{ ',' if not loop.last }}
                {%- endfor %}
            from known

        ),

        rounded as (

            select
                *,
                {%- for name in names %}
                cast(e{{ loop.index }} as {{ exact }}) as c{{ loop.index }},
                {%- endfor %}
                greatest({% for name in names %}abs(e{{ loop.index }}), {% endfor %}0e0) as largest,
                abs(
                    v_now - v_base
                    {%- for name in names %} - e{{ loop.index }}{% endfor %}
                ) <= {{ var('identity_tolerance') }} * greatest(abs(v_base), abs(v_now))
                + {{ '0.5e-12' if digits == 12 else '0.5e-6' }} as is_explained
            from effects

        ),

        settled as (

            select
                *,
                result_now - result_base
                {%- for name in names %} - c{{ loop.index }}{% endfor %} as remainder,
                case
                    {%- for name in names %}
                    when is_explained and abs(e{{ loop.index }}) = largest then {{ loop.index }}
                    {%- endfor %}
                    else {{ names | length + 1 }}
                end as remainder_goes_to
            from rounded

        )

        select
            {%- for key in keys %}
            {{ key }},
            {%- endfor %}
            '{{ identity }}' as identity,
            '{{ declared.result }}' as result,
            position,
            case position
                {%- for factor in factors %}
                when {{ loop.index }} then '{{ factor.factor }}'
                {%- endfor %}
                else '(unattributed)'
            end as factor,
            case position
                {%- for factor in factors %}
                when {{ loop.index }} then '{{ factor.effect }}'
                {%- endfor %}
                else 'unattributed'
            end as effect,
            {%- for period in ['base', 'now'] %}
            case position
                {%- for factor in factors %}
                when {{ loop.index }}
                    then {{ ('1e0 / ' if factor.divide else '') ~ names[loop.index0] }}_{{ period }}
                {%- endfor %}
            end as factor_{{ period }},
            {%- endfor %}
            cast(
                case position
                    {%- for name in names %}
                    when {{ loop.index }} then c{{ loop.index }}
                    {%- endfor %}
                    else cast(0 as {{ exact }})
                end
                + case when position = remainder_goes_to then remainder else cast(0 as {{ exact }}) end
                as decimal(38, 12)
            ) as contribution,
            case
                when method = 'lmdi'
                    then
                        case position
                            {%- for name in names %}
                            when {{ loop.index }} then m{{ loop.index }}
                            {%- endfor %}
                        end
            end as multiplier,
            cast(result_base as decimal(38, 12)) as result_base,
            cast(result_now as decimal(38, 12)) as result_now,
            method,
            slice_status
        from settled
        cross join (
            {%- for name in names %}
            select {{ loop.index }} as position union all
            {%- endfor %}
            select {{ names | length + 1 }} as position
        ) as positions
        where
            position <= {{ names | length }}
            or (remainder_goes_to = {{ names | length + 1 }} and remainder <> 0)
    ) as contributions_of_{{ identity }}
{%- endmacro %}


{#- What became of a slice between the two periods. -#}
{% macro slice_status(declared) -%}
    {%- set lead = leading_factor(declared) -%}
    case
        {%- if lead %}
        when {{ lead }}_base = 0 and {{ lead }}_now <> 0 then 'new'
        when {{ lead }}_base <> 0 and {{ lead }}_now = 0 then 'vanished'
        {%- endif %}
        when {{ value_in(declared.result, 'base') }} = 0 and {{ value_in(declared.result, 'now') }} <> 0
            then 'lit_up'
        when {{ value_in(declared.result, 'base') }} <> 0 and {{ value_in(declared.result, 'now') }} = 0
            then 'went_dark'
        else 'continuing'
    end
{%- endmacro %}
