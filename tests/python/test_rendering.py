"""The project's macros without dbt."""

from pathlib import Path

import duckdb
import pytest

from tributary.rendering import MacroError, Renderer


def test_a_macro_of_the_project_gives_the_sql_that_dbt_would(root: Path) -> None:
    renderer = Renderer.of_project(root)
    with duckdb.connect() as connection:
        answer = connection.execute(
            f"select {renderer.call('metric', 'cpm1')} "
            "from (select 3.5::decimal(38, 6) as revenue, 7 as requests)"
        ).fetchone()
    assert answer == (500.0,)


def test_a_macro_returns_a_value_and_ends_there(root: Path) -> None:
    renderer = Renderer.of_project(root)
    assert renderer.call("factor_of", {"metric": "cvr", "divide": True}) == {
        "name": "cvr",
        "scale": 1,
        "divide": True,
    }


@pytest.mark.parametrize(("engine", "word"), [("duckdb", "unnest"), ("spark", "explode")])
def test_a_dispatched_macro_is_the_engines_own(root: Path, engine: str, word: str) -> None:
    renderer = Renderer.of_project(root, engine)
    assert renderer.call("each_number_to", 3).startswith(word)


def test_a_macro_refuses_in_its_own_words(root: Path) -> None:
    with pytest.raises(MacroError, match='No metric "nonsense" is declared'):
        Renderer.of_project(root).call("metric", "nonsense")
