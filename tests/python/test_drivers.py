"""Drivers and movements: the worked numbers of their methods, and no residual anywhere."""

import itertools
import math
import random
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from tributary.rendering import MacroError, Renderer

FUNNEL = ("requests", "ad_requests", "ad_impressions", "ad_clicks", "revenue")
SLICES: Mapping[str, tuple[Sequence[float], Sequence[float]]] = {
    "web": (
        (500_000, 300_000, 900_000, 45_000, 22_500),
        (520_000, 312_000, 1_029_600, 56_628, 26_048.88),
    ),
    "app": (
        (400_000, 240_000, 720_000, 36_000, 19_800),
        (500_000, 270_000, 810_000, 44_550, 24_502.5),
    ),
    "map": ((100_000, 60_000, 180_000, 9_000, 2_700), (0, 0, 0, 0, 0)),
    "video": ((0, 0, 0, 0, 0), (80_000, 45_000, 166_500, 9_157, 2_380.82)),
    "gov": ((20_000, 8_000, 16_000, 400, 240), (24_000, 9_600, 19_200, 0, 0)),
}


@pytest.fixture(scope="module")
def renderer(root: Path) -> Renderer:
    return Renderer.of_project(root)


@pytest.fixture(scope="module")
def declared(root: Path) -> Mapping[str, Any]:
    text = (root / "dbt_project.yml").read_text("utf-8")
    variables: Mapping[str, Any] = yaml.safe_load(text)["vars"]
    return variables


@pytest.fixture
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


def pairs(
    database: duckdb.DuckDBPyConnection,
    names: Sequence[str],
    slices: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    lead: str | None,
) -> None:
    """A relation `pairs` of these slices, with the whole's leading quantity."""
    columns = [f"{name}_{period}" for period in ("base", "now") for name in names]
    typed = ", ".join(f"{column} double" for column in columns)
    database.execute(f"create or replace table pairs (slice varchar, {typed})")
    for name, (base, now) in slices.items():
        marks = ", ".join("?" for _ in columns)
        database.execute(f"insert into pairs values (?, {marks})", [name, *base, *now])
    if lead:
        for period in ("base", "now"):
            database.execute(f"alter table pairs add column {lead}_whole_{period} double")
            database.execute(
                f"update pairs set {lead}_whole_{period} = (select sum({lead}_{period}) from pairs)"
            )


def contributions(
    database: duckdb.DuckDBPyConnection,
    renderer: Renderer,
    identity: Mapping[str, Any],
    **more: Any,
) -> dict[tuple[str, str, str], float]:
    """{(slice, factor, effect): contribution}."""
    sql = renderer.call("factor_contributions", "tested", identity, "pairs", ["slice"], **more)
    rows = database.execute(f"select slice, factor, effect, contribution from ({sql})").fetchall()
    return {(slice_, factor, effect): float(value) for slice_, factor, effect, value in rows}


def totals(found: Mapping[tuple[str, str, str], float]) -> dict[str, float]:
    """The same over slices and effects, by factor."""
    sums: dict[str, float] = {}
    for (_, factor, _), value in found.items():
        sums[factor] = sums.get(factor, 0) + value
    return sums


def test_slices_that_came_went_and_lost_their_clicks(
    database: duckdb.DuckDBPyConnection, renderer: Renderer, declared: Mapping[str, Any]
) -> None:
    pairs(database, FUNNEL, SLICES, "requests")
    found = contributions(database, renderer, declared["identities"]["five_factor"])
    expected = {
        "app": (2142.5882116769, 2781.7006624968, -2325.0755487909, 0, 2103.2866746172, 0),
        "web": (
            *(2352.6287736517, -1402.2661213362, 0),
            *(2309.4744584961, 2309.4744584961, -2020.4315693077),
        ),
        "gov": (0, 0, 0, 0, -240, 0),
        "map": (0, -2700, 0, 0, 0, 0),
        "video": (0, 2380.82, 0, 0, 0, 0),
    }
    effects = [
        *(("requests", "volume"), ("requests", "mix")),
        *((factor, "rate") for factor in ("pvr", "asn", "ctr2", "acp")),
    ]
    for slice_, values in expected.items():
        for (factor, effect), value in zip(effects, values, strict=True):
            # Rounded to the micro-unit; what that leaves stands with the largest.
            assert found[slice_, factor, effect] == pytest.approx(value, rel=1e-9, abs=3e-6)
    assert len(found) == 30


@pytest.mark.parametrize(
    ("identity", "names", "base", "now", "expected"),
    [
        (
            "five_factor",
            FUNNEL,
            (1_000_000, 600_000, 1_800_000, 90_000, 45_000),
            (1_100_000, 627_000, 2_006_400, 110_352, 52_968.96),
            {
                "requests": 4658.4045523617,
                "pvr": -2507.0240825393,
                "asn": 3154.4011488300,
                "ctr2": 4658.4045523617,
                "acp": -1995.2261710140,
            },
        ),
        (
            "action_priced",
            ("requests", "ad_requests", "ad_impressions", "ad_clicks", "ad_actions", "revenue"),
            (2e6, 7e5, 1.68e6, 52_080, 32_289.6, 14_530.32),
            (2.3e6, 759_000, 2_049_300, 59_429.7, 39_223.602, 18_435.09294),
            {
                "requests": 2292.8406176646,
                "pvr": -965.2977493268,
                "easn": 1932.2694263928,
                "ctr2": -1094.0939264280,
                "atr2": 1025.6670126472,
                "aap": 713.3875590502,
            },
        ),
        (
            "roas_chain",
            ("ad_clicks", "ad_actions", "action_value", "revenue"),
            (1000, 20, 1600, 1250),
            (1000, 23, 1748, 1400),
            {"cvr": 0.1766899274, "aov": -0.0648460397, "acp": -0.1432724591},
        ),
        (
            "return_on_equity",
            ("net_income", "pretax_income", "ebit", "sales", "assets", "equity"),
            (0.135, 0.18, 0.2, 2, 2.5, 1),
            (0.14864256, 0.206448, 0.2244, 2.04, 2.4, 1),
            {
                "tax_burden": -0.0057849604,
                "interest_burden": 0.0031146715,
                "operating_margin": 0.0135065819,
                "asset_turnover": 0.0085912273,
                "leverage": -0.0057849604,
            },
        ),
        (
            "return_on_equity",
            ("net_income", "pretax_income", "ebit", "sales", "assets", "equity"),
            (0.135, 0.18, 0.2, 2, 2.5, 1),
            (-0.03465, -0.0462, -0.042, 2.1, 3, 1),
            {
                "tax_burden": 0,
                "interest_burden": 0.0122,
                "operating_margin": -0.1854,
                "asset_turnover": -0.0074875,
                "leverage": 0.0110375,
            },
        ),
    ],
    ids=["five_factor", "local_search", "roas", "return_on_equity", "a_loss"],
)
def test_one_product_by_its_factors(
    database: duckdb.DuckDBPyConnection,
    renderer: Renderer,
    declared: Mapping[str, Any],
    identity: str,
    names: Sequence[str],
    base: Sequence[float],
    now: Sequence[float],
    expected: Mapping[str, float],
) -> None:
    told = declared["identities"][identity]
    pairs(database, names, {"(all)": (base, now)}, renderer.call("leading_factor", told))
    found = totals(contributions(database, renderer, told))
    digits = 3e-6 if told["result"] == "revenue" else 5e-10
    assert found == {name: pytest.approx(value, abs=digits) for name, value in expected.items()}


def test_two_slices_of_three_factors_as_published(
    database: duckdb.DuckDBPyConnection, renderer: Renderer
) -> None:
    """The known answer of the R package LMDIR: here the first factor is told as volume and mix."""
    identity = {"result": "revenue", "factors": ["requests", "clicks", "actions"]}
    names = ("requests", "clicks", "actions", "revenue")
    pairs(
        database,
        names,
        {"1": ((1, 10, 2, 20), (4, 5, 3, 60)), "2": ((4, 5, 3, 60), (5, 6, 4, 120))},
        "requests",
    )
    assert totals(contributions(database, renderer, identity)) == {
        "requests": pytest.approx(69.7900659790, abs=2e-6),
        "clicks": pytest.approx(-9.4551257928, abs=2e-6),
        "actions": pytest.approx(39.6650598139, abs=2e-6),
    }


def test_a_factor_contributes_the_same_in_every_identity(
    database: duckdb.DuckDBPyConnection, renderer: Renderer, declared: Mapping[str, Any]
) -> None:
    pairs(
        database,
        FUNNEL,
        {
            "(all)": (
                (1_000_000, 600_000, 1_800_000, 90_000, 45_000),
                (1_100_000, 627_000, 2_006_400, 110_352, 52_968.96),
            )
        },
        "requests",
    )
    told = [
        "five_factor",
        "per_request",
        "per_ad_request",
        "per_impression",
        "per_request_click",
        "per_ad_request_click",
    ]
    for name in told:
        found = totals(contributions(database, renderer, declared["identities"][name]))
        assert found["requests"] == pytest.approx(4658.4045523617, abs=3e-6), name


def test_the_multipliers_make_the_growth_of_the_result(
    database: duckdb.DuckDBPyConnection, renderer: Renderer, declared: Mapping[str, Any]
) -> None:
    pairs(database, FUNNEL, {"web": SLICES["web"], "app": SLICES["app"]}, "requests")
    told = declared["identities"]["five_factor"]
    sql = renderer.call("factor_contributions", "tested", told, "pairs", ["slice"])
    rows = database.execute(
        "select exp(sum(ln(multiplier))), max(result_now) / max(result_base)::double"
        f" from ({sql}) group by slice"
    ).fetchall()
    assert len(rows) == 2
    for product, growth in rows:
        assert product == pytest.approx(growth, rel=1e-12)


def test_shapley_is_the_mean_over_all_orders(
    database: duckdb.DuckDBPyConnection, renderer: Renderer, declared: Mapping[str, Any]
) -> None:
    """Against the definition: every order in which the factors could have moved."""
    pairs(database, FUNNEL, {"web": SLICES["web"], "app": SLICES["app"]}, "requests")
    told = declared["identities"]["five_factor"]
    found = contributions(database, renderer, told, always="shapley")
    whole = tuple(sum(SLICES[s][p][0] for s in ("web", "app")) for p in (0, 1))
    for name in ("web", "app"):
        values = []
        for period in (0, 1):
            requests, ads, shown, clicks, revenue = SLICES[name][period]
            share = requests / whole[period]
            values.append(
                (
                    whole[period],
                    share,
                    ads / requests,
                    shown / ads,
                    clicks / shown,
                    revenue / clicks,
                )
            )
        by_order = [0.0] * 6
        for order in itertools.permutations(range(6)):
            at = list(values[0])
            for factor in order:
                before = math.prod(at)
                at[factor] = values[1][factor]
                by_order[factor] += math.prod(at) - before
        effects = [
            *(("requests", "volume"), ("requests", "mix")),
            *((factor, "rate") for factor in ("pvr", "asn", "ctr2", "acp")),
        ]
        for (told_factor, effect), total in zip(effects, by_order, strict=True):
            assert found[name, told_factor, effect] == pytest.approx(total / 720, abs=3e-6)


def test_a_product_of_too_many_factors_is_refused(renderer: Renderer) -> None:
    with pytest.raises(MacroError, match="11 factors"):
        renderer.call("shapley_effect", "f1", [f"f{number}" for number in range(1, 12)])


def test_revenue_without_a_click_is_said_to_be_unattributed(
    database: duckdb.DuckDBPyConnection, renderer: Renderer, declared: Mapping[str, Any]
) -> None:
    pairs(
        database,
        FUNNEL,
        {"cpm": ((100, 50, 60, 0, 6), (200, 100, 120, 0, 18))},
        "requests",
    )
    found = contributions(database, renderer, declared["identities"]["five_factor"])
    grown = 12 / math.log(3) * math.log(2)
    assert found["cpm", "requests", "volume"] == pytest.approx(grown, abs=1e-6)
    assert found["cpm", "(unattributed)", "unattributed"] == pytest.approx(12 - grown, abs=2e-6)
    by_impression = contributions(database, renderer, declared["identities"]["per_impression"])
    assert ("cpm", "(unattributed)", "unattributed") not in by_impression
    assert by_impression["cpm", "cpm2", "rate"] == pytest.approx(12 - grown, abs=2e-6)


def test_no_identity_leaves_a_residual_on_random_slices(
    database: duckdb.DuckDBPyConnection, renderer: Renderer, declared: Mapping[str, Any]
) -> None:
    """A thousand pairs with empty periods, zeros at each stage, refunds and huge amounts."""
    names = [
        *("requests", "ad_requests", "ad_impressions", "ad_clicks", "ad_actions", "users"),
        *("active_advertisers", "action_value", "revenue"),
    ]
    chance = random.Random(20261128)

    def period() -> list[float]:
        counts: list[float] = [chance.choice([0, chance.randint(1, 10 ** chance.randint(1, 9))])]
        for _ in range(4):
            counts.append(chance.choice([0, chance.randint(0, max(1, int(counts[-1])))]))
        users, advertisers = (chance.randint(0, 500) for _ in range(2))
        value = round(chance.uniform(0, 10 ** chance.randint(0, 9)), 2)
        revenue = round(chance.choice([0, 1, 1, -1]) * chance.uniform(0, 10**7), 6)
        return [*counts, users, advertisers, value, revenue]

    pairs(database, names, {str(number): (period(), period()) for number in range(1000)}, None)
    for lead in ("requests", "users", "active_advertisers"):
        for moment in ("base", "now"):
            database.execute(f"alter table pairs add column {lead}_whole_{moment} double")
            database.execute(
                f"update pairs set {lead}_whole_{moment} = (select sum({lead}_{moment}) from pairs)"
            )
    methods = set()
    for name, told in declared["identities"].items():
        if told.get("over") == "finance":
            continue
        sql = renderer.call("factor_contributions", name, told, "pairs", ["slice"])
        rows = database.execute(
            "select slice, sum(contribution), max(result_now) - max(result_base),"
            " max(abs(contribution)), max(method), min(abs(result_base) + abs(result_now))"
            f" from ({sql}) group by slice"
        ).fetchall()
        assert rows
        for slice_, parts, change, largest, method, _ in rows:
            assert parts == change, (name, slice_)
            assert isinstance(largest, Decimal)
            methods.add(method)
    assert methods == {"lmdi", "limit", "shapley"}


def movements(
    database: duckdb.DuckDBPyConnection, renderer: Renderer, metric: str, value: str = "movement"
) -> dict[tuple[str, str], float]:
    """{(slice, effect): movement}."""
    database.execute("create or replace view wholes as select *, 'd' as dimension from pairs")
    sql = renderer.call("movements_of", [metric], "wholes", ["slice", "dimension"], ["dimension"])
    rows = database.execute(f"select slice, effect, {value} from ({sql})").fetchall()
    return {(slice_, effect): moved for slice_, effect, moved in rows}


def test_a_ratio_falls_although_it_rose_in_each_slice(
    database: duckdb.DuckDBPyConnection, renderer: Renderer
) -> None:
    """Simpson: both ratios up, and more of the weight where they are low."""
    pairs(
        database,
        ("ad_impressions", "ad_clicks", "revenue"),
        {
            "mobile": ((200_000, 4_000, 1), (800_000, 16_800, 1)),
            "desktop": ((800_000, 40_000, 1), (200_000, 10_400, 1)),
        },
        None,
    )
    assert movements(database, renderer, "ctr2") == {
        ("mobile", "rate"): pytest.approx(0.0005, abs=1e-12),
        ("desktop", "rate"): pytest.approx(0.0010, abs=1e-12),
        ("mobile", "mix"): pytest.approx(-0.0090600000, abs=1e-12),
        ("desktop", "mix"): pytest.approx(-0.0092400000, abs=1e-12),
    }


def test_the_money_bridge_ties_to_the_headline_factors(
    database: duckdb.DuckDBPyConnection, renderer: Renderer
) -> None:
    pairs(database, FUNNEL, SLICES, None)
    expected = {
        "requests": {"volume": 4756.0555515616},
        "pvr": {"rate": -2116.7191507069, "mix": -387.6387162195},
        "asn": {"rate": 2343.9824395732, "mix": 747.7325902658},
        "ctr2": {"rate": 4017.4037040644, "mix": 400.8598746817},
        "acp": {"rate": -2021.3726865236, "mix": -48.1036066967},
    }
    whole = 0.0
    for metric, effects in expected.items():
        found = movements(database, renderer, metric, "revenue_movement")
        for effect, value in effects.items():
            total = sum(moved for (_, told), moved in found.items() if told == effect)
            assert total == pytest.approx(value, rel=1e-9), (metric, effect)
        whole += sum(found.values())
    assert whole == pytest.approx(7692.2, rel=1e-12)
    clicks = movements(database, renderer, "ctr2", "revenue_movement")
    assert clicks["web", "rate"] == pytest.approx(2360.1521846147, rel=1e-9)
    assert clicks["app", "rate"] == pytest.approx(1872.2429114660, rel=1e-9)
    assert clicks["gov", "rate"] == pytest.approx(-214.9913920163, rel=1e-9)
    price = movements(database, renderer, "acp", "revenue_movement")
    assert price["map", "mix"] == pytest.approx(1891.8720847179, rel=1e-9)
    assert price["video", "mix"] == pytest.approx(-1908.9538513292, rel=1e-9)


def test_revenue_without_a_click_moves_the_price_of_a_click_unattributed(
    database: duckdb.DuckDBPyConnection, renderer: Renderer
) -> None:
    pairs(
        database,
        ("ad_clicks", "revenue"),
        {"cpc": ((10, 10), (10, 12)), "cpm": ((0, 5), (0, 6))},
        None,
    )
    found = movements(database, renderer, "acp")
    assert found["cpm", "unattributed"] == pytest.approx(0.1)
    assert sum(found.values()) == pytest.approx(1.8 - 1.5)
