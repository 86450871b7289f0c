"""SQL that two engines answer differently is refused, each construct by its own rule."""

from pathlib import Path

import pytest

from tributary.portability import RULES, findings, sql_files

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


def test_every_rule_has_its_samples() -> None:
    assert len(SAMPLES) == len(RULES)


def test_comments_and_code_for_one_engine_may_say_anything() -> None:
    assert broken("-- avg(x)\nselect 1 {# log(x) #} /* a // b */") == []
    assert broken("{% macro spark__x(a) -%} avg({{ a }}) {%- endmacro %}") == []
    assert broken("{% macro x(a) -%} avg({{ a }}) {%- endmacro %}") == [2]


def test_the_sql_of_the_project_breaks_no_rule(root: Path) -> None:
    files = sql_files(root)
    assert len(files) > 150
    assert [f for file in files for f in findings(file.read_text("utf-8"), file)] == []
