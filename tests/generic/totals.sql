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
