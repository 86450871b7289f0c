"""The statistics and the searches, as the macros make them, on worked numbers of the methods.

Each macro's SQL runs over a small relation in a scratch dbt project that borrows the project's
macros: it is the text that the marts are built from.
"""

import math
import shutil
from pathlib import Path
from statistics import NormalDist
from typing import Any

import duckdb
import pytest
import yaml
from dbt.cli.main import dbtRunner

Results = dict[str, list[dict[str, Any]]]

MEDIANS = """
with series as (
    select t, round(round(
        10000 * (1 + 0.001 * t) * [1, 1.05, 1.08, 1.06, 1.10, 0.70, 0.62][1 + t % 7]
        * (1 + ((37 * t) % 11 - 5) / 100.0), 2
    ) * case t when 30 then 0.35 when 65 then 0.80 else 1 end, 2) as x
    from range(70) as days (t)
),
points as (
    select now.t as day, series.x
    from series as now
    cross join range(1, 9) as weeks (week)
    inner join series on now.t - 7 * week = series.t
    where now.t between 64 and 66
),
{{ medians_and_spreads('usual', 'points', ['day'], 'x') }}
select
    usual_spreads.*,
    series.x,
    (series.x - median) / ({{ robust_deviation('deviation') }}) as z
from usual_spreads inner join series on usual_spreads.day = series.t
order by day
"""

Q_VALUES = """
with given as (
    select p, 1 as family, p as id
    from (values (0.34), (0.275), (0.269), (0.251), (0.222), (0.216), (0.212), (0.205), (0.074),
        (0.06), (0.042), (0.041), (0.039), (0.008), (0.001)) as t (p)
),
ranked as (select *, {{ p_ranks('p', ['family'], ['id']) }} from given)
select p, {{ q_value('p', ['family']) }} as q from ranked order by p
"""

NEVER_SMALLER = """
with given as (
    select
        families.size as family,
        members.place as id,
        (hash(families.size * 1000 + members.place) % 1000000007) / 1000000007e0 as p
    from range(1, 200) as families (size)
    inner join range(1, 200) as members (place) on members.place <= families.size
),
ranked as (select *, {{ p_ranks('p', ['family'], ['id']) }} from given)
select count(*) as rows, count(*) filter (where q < p or q > 1) as wrong
from (select p, {{ q_value('p', ['family']) }} as q from ranked)
"""

NORMAL = """
select z, {{ normal_cdf('z') }} as below, {{ two_sided_p('z') }} as beyond
from (values (-40e0), (-8e0), (-3e0), (-1e0), (0e0), (0.5e0), (1.96e0), (7.5e0), (40e0), (null))
    as t (z)
order by z nulls last
"""

COUNTS = """
select count, expected, {{ count_z('count', 'expected') }} as z
from (values (0e0, 10e0), (8e0, 2e0), (100e0, 100e0), (60e0, 100e0), (1e0, 1e0))
    as t (count, expected)
order by count, expected
"""

PAPER = """
with elements as (
    select 1 as id, *, cast(null as double) as forecast_divisor,
        cast(null as double) as actual_divisor
    from (values
        ('data_center', 'X', 94e0, 47e0), ('data_center', 'Y', 6e0, 3e0),
        ('advertiser', 'A1', 50e0, 24e0), ('advertiser', 'A2', 20e0, 21e0),
        ('advertiser', 'A3', 20e0, 4e0), ('advertiser', 'A4', 10e0, 1e0),
        ('device', 'PC', 50e0, 49e0), ('device', 'Mobile', 25e0, 1e0),
        ('device', 'Tablet', 25e0, 0e0)
    ) as t (dimension, element, forecast, actual)
),
{{ adtributor('paper', 'elements', ['id'], 0.67, 0.1) }}
select * from paper_elements order by dimension_rank, surprise desc, element
"""

DERIVED = """
with elements as (
    select 1 as id, 'device' as dimension, * from (values
        ('PC', 2500e0, 2600e0, 50000e0, 52000e0),
        ('Mobile', 900e0, 620e0, 30000e0, 31000e0),
        ('Tablet', 800e0, 760e0, 20000e0, 19000e0)
    ) as t (element, forecast, actual, forecast_divisor, actual_divisor)
),
{{ adtributor('derived', 'elements', ['id'], 0.67, 0.2) }}
select * from derived_elements order by element
"""

CUBE = """
with numbered as (
    select 1 as id, i, 'a' || ((i - 1) // 12 + 1) as a, 'b' || ((i - 1) // 3 % 4 + 1) as b,
        'c' || ((i - 1) % 3 + 1) as c, 100e0 + (37 * i) % 50 as forecast
    from range(1, 61) as t (i)
),
leaves as (
    select *, round(
        forecast * (1 + ((29 * i) % 7 - 3) / 100.0)
        * case when a = 'a1' and b = 'b2' then 0.5 when a = 'a4' and c = 'c3' then 0.7 else 1 end, 2
    ) as actual
    from numbered
),
"""

RISKLOC = (
    CUBE
    + """
{{ riskloc('cube', 'leaves', ['id'], ['a', 'b', 'c'],
    {'rounds': 3, 'layers': 3, 'outliers': 2, 'least_risk': 0.5, 'least_power': 0.02}) }}
select round, a, b, c, power, high_risk, low_risk, risk from cube_found order by round
"""
)

SEARCH = """
with cells as (
    select 1 as id, a, b, c, 20e0 as forecast,
        case when a = 'a1' and b = 'b2' then 10e0 when {also} then 12e0 else 20e0 end as actual
    from (values ('a1'), ('a2'), ('a3'), ('a4')) as a (a)
    cross join (values ('b1'), ('b2'), ('b3')) as b (b)
    cross join (values ('c1'), ('c2'), ('c3'), ('c4')) as c (c)
),
leaves as (
    select *, cast(null as double) as forecast_divisor, cast(null as double) as actual_divisor,
        cast(null as double) as evidence_forecast, cast(null as double) as evidence_actual,
        cast(null as double) as evidence_forecast_divisor,
        cast(null as double) as evidence_actual_divisor,
        -1 as direction, 1e0 as events, 1e0 as noise, 0.0004e0 as common
    from cells
),
{{{{ search_slices('cube', 'leaves', ['id'], ['a', 'b', 'c'],
    {{'rounds': 3, 'layers': 2, 'least_score': 5, 'least_further_score': {further},
    'layer_penalty': 3, 'least_events': 5}}) }}}}
select round, a, b, c, forecast, actual from cube_found order by round
"""

MODELS = {
    "medians": MEDIANS,
    "q_values": Q_VALUES,
    "never_smaller": NEVER_SMALLER,
    "normal": NORMAL,
    "counts": COUNTS,
    "paper": PAPER,
    "derived": DERIVED,
    "riskloc_cube": RISKLOC,
    "search_one": SEARCH.format(also="false", further=15),
    "search_two": SEARCH.format(also="c = 'c3' and a <> 'a1'", further=5),
    "search_first": SEARCH.format(also="c = 'c3' and a <> 'a1'", further=15),
    "search_none": SEARCH.format(also="true", further=15).replace("then 10e0", "then 12e0"),
}


@pytest.fixture(scope="module")
def results(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Results:
    """The rows of every relation above."""
    folder = tmp_path_factory.mktemp("methods")
    for part in ("anomalies", "root_causes", "metrics"):
        shutil.copytree(root / "macros" / part, folder / "macros" / part)
    (folder / "models").mkdir()
    for name, text in MODELS.items():
        (folder / "models" / f"{name}.sql").write_text(text)
    project = {"name": "methods", "version": "1.0.0", "profile": "methods"}
    (folder / "dbt_project.yml").write_text(yaml.safe_dump(project))
    database = folder / "methods.duckdb"
    output = {"type": "duckdb", "path": str(database), "threads": 1, "keep_open": False}
    profile = {"methods": {"target": "local", "outputs": {"local": output}}}
    (folder / "profiles.yml").write_text(yaml.safe_dump(profile))
    ended = dbtRunner().invoke(
        [
            *("--quiet", "run", "--project-dir", str(folder), "--profiles-dir", str(folder)),
            *("--target-path", str(folder / "target")),
        ]
    )
    assert ended.success, ended.exception or ended.result
    with duckdb.connect(str(database), read_only=True) as connection:
        found: Results = {}
        for name in MODELS:
            rows = connection.sql(f"select * from {name}")
            found[name] = [dict(zip(rows.columns, row, strict=True)) for row in rows.fetchall()]
    return found


def near(*values: float) -> Any:
    """Equal to the ten digits that are printed of them."""
    return pytest.approx(values, abs=6e-11)


def test_a_median_and_its_deviation_are_not_moved_by_an_old_outage(results: Results) -> None:
    found = {row["day"]: row for row in results["medians"]}
    assert (found[65]["median"], found[65]["deviation"]) == pytest.approx((10953.63, 260.17))
    assert found[65]["x"] == pytest.approx(9385.63, abs=0.006)
    assert tuple(found[day]["z"] for day in (64, 65, 66)) == near(
        0.2921263834, -4.0650402078, -0.8847798608
    )


def test_q_values_are_those_of_benjamini_and_hochberg(results: Results) -> None:
    found = tuple(row["q"] for row in results["q_values"])
    assert found == near(
        0.015, 0.06, 0.126, 0.126, 0.126, 0.15, 0.1585714286, *[0.2946428571] * 7, 0.34
    )


def test_no_q_value_is_below_its_p_by_so_much_as_a_last_digit(results: Results) -> None:
    assert results["never_smaller"] == [{"rows": 199 * 200 // 2, "wrong": 0}]


def test_the_normal_law_is_close_far_out_and_null_of_null(results: Results) -> None:
    law = NormalDist()
    for row in results["normal"][:-1]:
        z, below = row["z"], row["below"]
        exact = 0.5 * math.erfc(-z / math.sqrt(2))
        assert below == pytest.approx(exact, rel=1e-8, abs=1e-300)
        assert row["beyond"] == pytest.approx(
            math.erfc(abs(z) / math.sqrt(2)), rel=1e-8, abs=1e-300
        )
    assert law.cdf(1.96) == pytest.approx(results["normal"][6]["below"], abs=2e-16)
    assert results["normal"][-1] == {"z": None, "below": None, "beyond": None}


def test_a_count_lies_as_far_off_as_the_poisson_law_says(results: Results) -> None:
    def beyond(count: int, expected: float) -> float:
        below = sum(
            math.exp(-expected + k * math.log(expected) - math.lgamma(k + 1))
            for k in range(count + 1)
        )
        at = math.exp(-expected + count * math.log(expected) - math.lgamma(count + 1))
        return below if count < expected else 1 - below + at

    found = {(row["count"], row["expected"]): row["z"] for row in results["counts"]}
    for count, expected in ((0, 10), (8, 2), (60, 100)):
        sign = 1 if count > expected else -1
        exact = NormalDist().inv_cdf(beyond(count, expected))
        assert found[count, expected] == pytest.approx(-sign * exact, abs=0.12)
    assert found[100, 100] == found[1, 1] == 0


def test_adtributor_ranks_the_dimensions_of_the_paper_s_example(results: Results) -> None:
    rows = results["paper"]
    by_element = {row["element"]: row for row in rows}
    powers = tuple(by_element[name]["explanatory_power"] for name in ("Tablet", "Mobile", "PC"))
    assert powers == near(0.5, 0.48, 0.02)
    surprises = tuple(by_element[name]["surprise"] for name in ("Tablet", "Mobile", "PC"))
    assert surprises == near(0.0866433976, 0.0579278424, 0.0396316469)
    assert [
        row["element"] for row in rows if row["dimension"] == "device" and row["is_picked"]
    ] == [
        "Tablet",
        "Mobile",
    ]
    best = by_element["Tablet"]
    assert (best["dimension_rank"], best["dimension_surprise"]) == near(1, 0.1445712399)
    advertisers = by_element["A4"]
    assert (advertisers["dimension_power"], advertisers["dimension_surprise"]) == near(
        1.02, 0.0279400691
    )
    assert [by_element[name]["is_picked"] for name in ("A1", "A2", "A3", "A4")] == [
        True, False, True, True,
    ]  # fmt: skip
    assert by_element["X"]["is_picked"]
    assert by_element["X"]["surprise"] == pytest.approx(0)


def test_contributions_to_a_ratio_add_up_to_its_change(results: Results) -> None:
    rows = {row["element"]: row for row in results["derived"]}
    order = ("PC", "Mobile", "Tablet")
    shares = tuple(rows[name]["explanatory_power"] for name in order)
    assert shares == near(-0.0630536738, 1.0647472642, -0.0016935904)
    parts = tuple(rows[name]["contribution"] for name in order)
    assert parts == near(0.0001879247, -0.0031733644, 0.0000050476)
    surprises = tuple(rows[name]["surprise"] for name in order)
    assert surprises == near(0.0006983012, 0.0023285638, 0.0001221027)
    assert sum(parts) == pytest.approx(rows["PC"]["whole_change"], rel=1e-12)
    assert [rows[name]["is_picked"] for name in order] == [False, True, False]


def test_riskloc_finds_two_causes_in_a_cube_and_then_none(results: Results) -> None:
    first, second = results["riskloc_cube"]
    assert (first["a"], first["b"], first["c"]) == ("a1", "b2", None)
    assert (second["a"], second["b"], second["c"]) == ("a4", None, "c3")
    numbers = ("power", "high_risk", "low_risk", "risk")
    assert tuple(first[name] for name in numbers) == near(
        0.5614997455, 0.6606808458, 0.0103939846, 0.6502868612
    )
    assert tuple(second[name] for name in numbers) == near(
        0.4098003732, 0.5838095617, 0.0498600408, 0.5339495209
    )


def test_the_search_finds_a_slice_of_two_dimensions_and_nothing_else(results: Results) -> None:
    (found,) = results["search_one"]
    assert (found["round"], found["a"], found["b"], found["c"]) == (1, "a1", "b2", None)
    assert (found["forecast"], found["actual"]) == (80, 40)


def test_the_search_goes_on_without_what_it_found(results: Results) -> None:
    found = [(row["a"], row["b"], row["c"]) for row in results["search_two"]]
    assert found == [(None, None, "c3"), ("a1", "b2", None)]


def test_a_further_slice_needs_more_evidence_than_the_first(results: Results) -> None:
    (found,) = results["search_first"]
    assert (found["round"], found["a"], found["b"], found["c"]) == (1, None, None, "c3")


def test_a_change_of_all_slices_alike_has_no_concentrated_cause(results: Results) -> None:
    assert results["search_none"] == []
