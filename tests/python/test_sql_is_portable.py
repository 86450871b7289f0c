"""SQL that two engines answer differently is refused, each construct by its own rule."""

from pathlib import Path

import pytest

from tributary.portability import (
    RULES,
    STAR_IN_A_UNION,
    all_findings,
    findings,
    sql_files,
    star_unions,
)

# A use that must be refused and one that must pass, rule by rule.
SAMPLES = {
    "log": ("log(x)", "log10(x)"),
    "ln": ("ln(x)", "ln(case when x > 0 then x end)"),
    "avg": ("avg(revenue)", "average_of(revenue)"),
    "division": (
        "sum(a) / nullif(sum(b), 0)",
        "cast(sum(a) as double) / nullif(cast(sum(b) as double), 0)",
    ),
    "weekday": ("extract(dow from day)", "extract(year from day)"),
    "concat": ("concat(a, b)", "concat_ws(',', a, b)"),
    "replace": ("regexp_replace(a, 'x', 'y')", "replace(a, 'x', 'y')"),
    "extract": ("regexp_extract(a, '(x)y')", "regexp_extract(a, '(x)y', 1)"),
    "list": ("string_agg(a, ',')", "max(a)"),
    "approx": ("approx_count_distinct(a)", "count(distinct a)"),
    "hash": ("hash(a)", "{{ hash_of('a') }}"),
    "power": ("a ^ b", "pow(a, b)"),
    "whole division": ("a // b", "floor(a)"),
    "date_trunc": ("date_trunc('month', day)", "cast(date_trunc('month', day) as date)"),
    "round": ("round(a, 2)", "round(cast(a as decimal(38, 6)), 2)"),
    "cast": ("cast(a / b as bigint)", "cast(floor(a / b) as bigint)"),
    "where": ("from t where (true)", "from t where (1 = 1)"),
    "order": (
        "row_number() over (partition by a order by b)",
        "row_number() over (partition by a order by b nulls last)",
    ),
    "first rows": ("a from t order by b limit 1", "a from t order by b nulls last limit 1"),
    "substr": ("substr(a, 0, 2)", "substr(a, 1, 2)"),
    "backslash": (r"like 'a\\_b'", "like 'a!_b' escape '!'"),
}


def broken(sql: str) -> list[int]:
    return [RULES.index(finding.rule) for finding in findings(sql, Path("a.sql"))]


@pytest.mark.parametrize("name", SAMPLES)
def test_each_rule_refuses_what_it_is_for(name: str) -> None:
    refused, passed = SAMPLES[name]
    assert broken(f"select {refused}") == [list(SAMPLES).index(name)]
    assert broken(f"select {passed}") == []


@pytest.mark.parametrize(
    ("sql", "name"),
    [
        ("select mean(revenue)", "avg"),
        ("select lead(a) over w from t window w as (partition by a order by b)", "order"),
        ("select max(a) over (partition by f(g(b), c) order by h(a)) from t", "order"),
        ("select a from t\norder by\n    b desc,\n    c\nlimit 10", "first rows"),
    ],
)
def test_another_way_of_writing_it_is_refused_as_well(sql: str, name: str) -> None:
    assert broken(sql) == [list(SAMPLES).index(name)]


def test_nulls_have_their_place_behind_what_is_ordered_by() -> None:
    ordered = "order by\n    round(cast(b as decimal(30, 6)), 6) desc nulls last"
    assert broken(f"select row_number() over (partition by a {ordered}) from t") == []
    assert broken(f"select a from t {ordered} limit 1") == []


def test_every_rule_has_its_samples() -> None:
    assert len(SAMPLES) == len(RULES)


def test_comments_and_code_for_one_engine_may_say_anything() -> None:
    assert broken("-- avg(x)\nselect 1 {# log(x) #} /* a // b */") == []
    assert broken("{% macro spark__x(a) -%} avg({{ a }}) {%- endmacro %}") == []
    assert broken("{% macro x(a) -%} avg({{ a }}) {%- endmacro %}") == [2]


def test_the_sql_of_the_project_breaks_no_rule(root: Path) -> None:
    assert len(sql_files(root)) > 150
    assert all_findings(root) == []


MODELS = {
    "kept": "{{ config(materialized='by_day', meta={'day': 'day'}) }} select day, a from raw",
    "kept_of_clicks": "{{ config(materialized='by_day', meta={'day': 'day'}) }} select 1 as day",
    "view_of_kept": "with kept as (select * from {{ ref('kept') }}) select * from kept",
    "other": "select day, count(*) as rows from {{ ref('kept') }} group by day",
}
OTHER, KEPT = "{{ ref('other') }}", "{{ ref('kept') }}"
NAMED = f"select day, a from {OTHER}"
UNIONS = {
    "a branch": f"select * from {KEPT} union all {NAMED}",
    "the last branch": f"{NAMED} union all {NAMED} union all select * from {KEPT}",
    "a union that removes what is the same": f"{NAMED} union select * from {KEPT}",
    "a column beside": f"select *, 1 as one from {KEPT} union all {NAMED}",
    "a relation's own": f"select k.* from {KEPT} as k union all {NAMED}",
    "a join": (f"{NAMED} union all select k.* from {OTHER} join {KEPT} as k"),
    "a view that hands the order on": (
        f"select * from {{{{ ref('view_of_kept') }}}} union all {NAMED}"
    ),
    "a CTE": (
        "with one as (select * from {{ ref('kept') }} where a = 1), two as (select * from one), "
        f"both as (select * from two union all {NAMED}) select * from both"
    ),
    "a query within": f"{NAMED} union all select * from (select * from {KEPT}) as k",
    "a test's days": (
        f"select * from {{{{ of_tested_days(ref('kept'), 'day') }}}} union all {NAMED}"
    ),
    "a loop over models": (
        "{% for log in logs %} select * from {{ ref('kept_of_' ~ log) }} "
        "{{ 'x' }} union all {% endfor %} select 1"
    ),
    "a loop over CTEs": (
        "with {% for t in ts %} {{ t }} as (select * from {{ ref('kept') }}), {% endfor %} "
        "all_of_them as ({% for t in ts %} select * from {{ t }} union all {% endfor %} select 1) "
        "select * from all_of_them"
    ),
    "a macro": f"{{% macro x() %}} {NAMED} union all select * from {KEPT} {{% endmacro %}}",
}
NO_UNIONS = {
    "by name": f"select * from {KEPT} union all by name {NAMED}",
    "no kept table": f"select * from {OTHER} union all {NAMED}",
    "named in a CTE": (
        "with kept as (select a, day from {{ ref('kept') }}) "
        "select * from kept union all select a, day from kept"
    ),
    "counted": f"select count(*), max(day) from {KEPT} union all {NAMED}",
    "beside a union": (f"with both as ({NAMED} union all {NAMED}) select * from {KEPT} join both"),
    "in a condition": f"{NAMED} where a in (select a from {KEPT}) union all {NAMED}",
    "in a comment": f"-- select * from {KEPT} union all\n{NAMED}",
}


def swapped(sql: str, folder: str = "tests") -> list[str]:
    texts = {Path("models") / f"{name}.sql": text for name, text in MODELS.items()}
    found = list(star_unions({**texts, Path(folder) / "a.sql": sql}))
    assert all(finding.rule is STAR_IN_A_UNION for finding in found)
    return [finding.text for finding in found]


@pytest.mark.parametrize("name", UNIONS)
@pytest.mark.parametrize("folder", ["models", "tests", "macros"])
def test_a_union_by_place_names_the_columns_of_a_kept_table(name: str, folder: str) -> None:
    assert swapped(UNIONS[name], folder) == [UNIONS[name]]


@pytest.mark.parametrize("name", NO_UNIONS)
def test_a_union_passes_where_nothing_can_swap(name: str) -> None:
    assert swapped(NO_UNIONS[name]) == []
