{#- Why the result of an identity moved between two periods: what each of its factors contributed. -#}

{#- A factor or result as a double over columns of components; with `period` (`base` or `now`), over the columns
    of a pair. -#}
{% macro value_of(name, period=none) -%}
    {%- set suffix = '_' ~ period if period else '' -%}
    {{ metric(name, suffix) if name in var('metrics') else 'cast(' ~ name ~ suffix ~ ' as double)' }}
{%- endmacro %}


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
                'base': value_of(factor.name, 'base'), 'now': value_of(factor.name, 'now'),
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


{#- One row per pair, factor and effect of each of several identities: `asked` is a list of
    {identity, declared, relation}.

    A relation has one row per slice (its columns `keys`) with every quantity of its identity as
    <name>_base and <name>_now and, where that has a leading factor, the whole's as <name>_whole_base and
    <name>_whole_now. The rows' contributions add up to the change of the result to the last digit kept: six
    places for an amount or a count, twelve for a ratio.

    LMDI-I, since it tells the same of a factor in every identity in which the factor stands. What has no
    logarithm goes by other rules, named in `method`:
    limit    the result is 0 in one period: the change belongs to the factor that is 0 there. A ratio that
             has no denominator says nothing and takes nothing.
    shapley  a sign changes (refunds, losses).
    What the factors leave unsaid, where one of them has no value and the result has, is a row of its own,
    effect 'unattributed'. `always` names one method to use wherever it can be, for comparison.

    Each identity only says what its factors are; all that follows is written, and planned, once. Sums of
    decimals of 38 digits lose places on Spark without a word; of 28 they have room for each addition. -#}
{% macro contributions_of(asked, keys, always=none) -%}
    {%- set widths = [] -%}
    {%- for question in asked -%}
        {%- do widths.append(moving_factors(question.declared) | length) -%}
    {%- endfor -%}
    {%- set places = range(1, (widths | max) + 1) | list -%}
    {%- set rest = (widths | max) + 1 -%}
    {%- set names = [] -%}
    {%- for place in places -%}
        {%- do names.append('f' ~ place) -%}
    {%- endfor -%}
    select * from (
        with pairs_of_identities as (

            {%- for question in asked %}
            {%- set declared = question.declared %}
            {%- set factors = moving_factors(declared) %}
            {%- set is_ratio = declared.result in var('metrics') %}
            {{ 'union all' if not loop.first }}
            select
                {%- for key in keys %}
                {{ key }},
                {%- endfor %}
                '{{ question.identity }}' as identity,
                '{{ declared.result }}' as result,
                {{ is_ratio }} as is_ratio,
                {{ constant_of(declared) }} as constant,
                {%- for period in ['base', 'now'] %}
                {%- set value = value_of(declared.result, period) %}
                {{ value }} as v_{{ period }},
                cast(
                    {{ value if is_ratio
                        else 'cast(' ~ declared.result ~ '_' ~ period ~ ' as decimal(38, 6))' }}
                    as decimal(28, 12)
                ) as result_{{ period }},
                {%- for place in places %}
                {%- set factor = factors[loop.index0] %}
                {%- if not factor %}
                cast(null as double) as f{{ place }}_{{ period }},
                {%- elif factor.divide %}
                1e0 / nullif({{ factor[period] }}, 0) as f{{ place }}_{{ period }},
                {%- else %}
                {{ factor[period] }} as f{{ place }}_{{ period }},
                {%- endif %}
                {%- endfor %}
                {%- endfor %}
                {{ slice_status(declared) | indent(16) }} as slice_status
            from {{ question.relation }}
            {%- endfor %}

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
                {%- for name in names %}
                coalesce({{ name }}_base, {{ name }}_now, 1e0) as k{{ name }}_base,
                coalesce({{ name }}_now, {{ name }}_base, 1e0) as k{{ name }}_now,
                case when {{ name }}_base * {{ name }}_now > 0 then {{ name }}_now / {{ name }}_base end
                    as m{{ loop.index }},
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
            from pairs_of_identities
            where v_base is not null and v_now is not null

        ),

        effects as (

            select
                *,
                {%- for name in names %}
                case
                    when method = 'lmdi'
                        then coalesce(
                            mean_result
                            * ln(case when m{{ loop.index }} > 0e0 then m{{ loop.index }} end),
                            0e0
                        )
                    when method = 'shapley'
                        then {{ shapley_effect(
                            'k' ~ name, names | map('replace', 'f', 'kf') | list, 'constant'
                        ) | indent(24) }}
                    when v_base = 0 and {{ name }}_base = 0 and {{ name }}_now <> 0
                        then v_now / zeros_base
                    when v_now = 0 and {{ name }}_now = 0 and {{ name }}_base <> 0
                        then -v_base / zeros_now
                    else 0e0
                end as e{{ loop.index }}{{ ',' if not loop.last }}
                {%- endfor %}
            from judged

        ),

        rounded as (

            select
                *,
                {%- for place in places %}
                case
                    when is_ratio then cast(e{{ place }} as decimal(28, 12))
                    else cast(cast(e{{ place }} as decimal(38, 6)) as decimal(28, 12))
                end as c{{ place }},
                {%- endfor %}
                greatest({% for place in places %}abs(e{{ place }}), {% endfor %}0e0) as largest,
                abs(v_now - v_base{% for place in places %} - e{{ place }}{% endfor %})
                <= {{ var('identity_tolerance') }} * greatest(abs(v_base), abs(v_now))
                + case when is_ratio then 0.5e-12 else 0.5e-6 end as is_explained
            from effects

        ),

        settled as (

            select
                *,
                result_now - result_base{% for place in places %} - c{{ place }}{% endfor %}
                    as remainder,
                case
                    {%- for place in places %}
                    when is_explained and abs(e{{ place }}) = largest then {{ place }}
                    {%- endfor %}
                    else {{ rest }}
                end as remainder_goes_to
            from rounded

        ),

        factors as (

            {%- for question in asked %}
            {%- for factor in moving_factors(question.declared) %}
            select
                '{{ question.identity }}' as of_identity,
                {{ loop.index }} as position,
                '{{ factor.factor }}' as factor,
                '{{ factor.effect }}' as effect,
                {{ factor.divide }} as divides
            union all
            {%- endfor %}
            select
                '{{ question.identity }}' as of_identity,
                {{ rest }} as position,
                '(unattributed)' as factor,
                'unattributed' as effect,
                false as divides
            {{ 'union all' if not loop.last }}
            {%- endfor %}

        )

        select
            {%- for key in keys %}
            settled.{{ key }},
            {%- endfor %}
            settled.identity,
            settled.result,
            factors.position,
            factors.factor,
            factors.effect,
            {%- for period in ['base', 'now'] %}
            case factors.position
                {%- for place in places %}
                when {{ place }}
                    then case
                        when factors.divides then 1e0 / settled.f{{ place }}_{{ period }}
                        else settled.f{{ place }}_{{ period }}
                    end
                {%- endfor %}
            end as factor_{{ period }},
            {%- endfor %}
            cast(
                case factors.position
                    {%- for place in places %}
                    when {{ place }} then settled.c{{ place }}
                    {%- endfor %}
                    else cast(0 as decimal(28, 12))
                end
                + case
                    when factors.position = settled.remainder_goes_to then settled.remainder
                    else cast(0 as decimal(28, 12))
                end as decimal(28, 12)
            ) as contribution,
            case
                when settled.method = 'lmdi'
                    then
                        case factors.position
                            {%- for place in places %}
                            when {{ place }} then settled.m{{ place }}
                            {%- endfor %}
                        end
            end as multiplier,
            settled.result_base,
            settled.result_now,
            settled.method,
            settled.slice_status
        from settled
        inner join factors
            on settled.identity = factors.of_identity
        where
            factors.position < {{ rest }}
            or (settled.remainder_goes_to = {{ rest }} and settled.remainder <> 0)
    ) as contributions
{%- endmacro %}


{#- The same of one identity. -#}
{% macro factor_contributions(identity, declared, relation, keys, always=none) -%}
    {{ contributions_of(
        [{'identity': identity, 'declared': declared, 'relation': relation}], keys, always
    ) }}
{%- endmacro %}


{#- What became of a slice between the two periods. -#}
{% macro slice_status(declared) -%}
    {%- set lead = leading_factor(declared) -%}
    case
        {%- if lead %}
        when
            {{ lead }}_base = 0 and {{ lead }}_now <> 0
            and {{ value_of(declared.result, 'base') }} = 0
            then 'new'
        when
            {{ lead }}_base <> 0 and {{ lead }}_now = 0
            and {{ value_of(declared.result, 'now') }} = 0
            then 'vanished'
        {%- endif %}
        when {{ value_of(declared.result, 'base') }} = 0 and {{ value_of(declared.result, 'now') }} <> 0
            then 'lit_up'
        when {{ value_of(declared.result, 'base') }} <> 0 and {{ value_of(declared.result, 'now') }} = 0
            then 'went_dark'
        else 'continuing'
    end
{%- endmacro %}
