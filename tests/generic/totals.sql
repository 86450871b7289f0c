{#- Tests over sums, in both directions: what stands on one side only is a failure, and so is a sum that
    is NULL although there are rows. Over no rows at all a sum is 0. -#}

{#- The sums of `columns` agree with those of `other_columns` of another relation (by default the same
    names), for each value of `keys`. Columns may be expressions; sums are decimals or integers and must
    be equal. -#}
{% test sums_equal_those_of(model, to, columns, other_columns=none, keys=[], where=none, other_where=none) %}
    {{ return(sums_that_differ(
        model, of_tested_days(to, day_of_generic_test()),
        columns, other_columns or columns, keys, where, other_where
    )) }}
{% endtest %}


{#- The values of a dimension add up to its total row, for each of `keys` and each column. The total
    row is the one whose `dimension` column is '(all)'. -#}
{% test values_add_up_to_total(model, dimension, columns, keys) %}
    {{ return(sums_that_differ(
        model, model, columns, columns, keys, dimension ~ " <> '(all)'", dimension ~ " = '(all)'"
    )) }}
{% endtest %}


{#- The parts of a change add up to it, in each of `keys`, whose rows repeat what it was before and after. Exact
    unless a relative tolerance is given. -#}
{% test parts_add_up_to_change(model, part, before, after, keys, tolerance=0) %}
    with sums as (

        select
            {{ keys | join(', ') }},
            sum({{ part }}) as parts,
            min({{ before }}) as least_before,
            max({{ before }}) as most_before,
            min({{ after }}) as least_after,
            max({{ after }}) as most_after
        from {{ model }}
        group by {{ keys | join(', ') }}

    ),

    residues as (

        select *
        from sums
        where
            (
                least_before = most_before
                and least_after = most_after
                {%- if tolerance %}
                and abs(parts - (most_after - most_before))
                <= {{ tolerance }} * greatest(abs(most_before), abs(most_after), 1)
                {%- else %}
                and parts = most_after - most_before
                {%- endif %}
            ) is not true

    )

    select * from residues
{% endtest %}
