"""The command `tributary why`: from two files, from the published marts, and what it refuses."""

import json
import os
import subprocess
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from math import prod
from pathlib import Path
from typing import Any

import duckdb
import pytest
from published import empty_publication
from typer.testing import CliRunner

from tributary.cli import app
from tributary.publish.places import DATABASE, Places
from tributary.rendering import Renderer
from tributary.why.identity import identity_of

BEFORE = """slice,requests,ad_requests,ad_impressions,ad_clicks,revenue
web,500000,300000,900000,45000,22500
app,400000,240000,720000,36000,19800
map,100000,60000,180000,9000,2700
gov,20000,8000,16000,400,240
"""
AFTER = """slice,requests,ad_requests,ad_impressions,ad_clicks,revenue
web,520000,312000,1029600,56628,26048.88
app,500000,270000,810000,44550,24502.5
video,80000,45000,166500,9157,2380.82
gov,24000,9600,19200,0,0
"""
Command = Callable[..., subprocess.CompletedProcess[str]]


def why(*arguments: object, code: int = 0) -> str:
    """What the command prints."""
    outcome = CliRunner().invoke(
        app, ["why", *(str(one) for one in arguments)], env={"COLUMNS": "160"}
    )
    assert outcome.exit_code == code, outcome.output
    return outcome.output


def asked(*arguments: object) -> dict[str, Any]:
    """Its answer as JSON, the amounts exact."""
    answer: dict[str, Any] = json.loads(why(*arguments, "--json"))
    return answer


def total(parts: Sequence[dict[str, Any]], of: str = "contribution") -> Decimal:
    return sum((Decimal(part[of]) for part in parts), Decimal(0))


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """Two files of slices."""
    before, after = tmp_path / "before.csv", tmp_path / "after.csv"
    before.write_text(BEFORE)
    after.write_text(AFTER)
    return before, after


def test_two_files_are_explained_by_the_richest_identity_that_they_allow(
    files: tuple[Path, Path],
) -> None:
    answer = asked("--before", files[0], "--after", files[1], "--by", "slice")
    assert answer["identity"] == "five_factor"
    assert Decimal(answer["change"]) == Decimal("7692.2")
    assert total(answer["factors"]) == Decimal("7692.2")
    assert total(answer["slices"], "change") == Decimal("7692.2")
    for one in answer["slices"]:
        assert total(one["factors"]) == Decimal(one["change"])
    times = prod(one["multiplier"] for one in answer["factors"])
    assert times == pytest.approx(float(answer["now"]) / float(answer["before"]), rel=1e-12)
    by_factor = {one["factor"]: float(one["contribution"]) for one in answer["factors"]}
    assert by_factor["requests"] == pytest.approx(4756.0555515616, abs=3e-6)
    moved = {one["metric"]: one for one in answer["movements"]}
    assert moved["pvr"]["mix"] == pytest.approx(-387.6387162195, rel=1e-9)
    assert {one["value"]: one["status"] for one in answer["slices"]} == {
        **{"app": "continuing", "web": "continuing", "map": "vanished"},
        **{"video": "new", "gov": "went_dark"},
    }


def test_the_answer_is_a_sentence_a_waterfall_and_a_table(files: tuple[Path, Path]) -> None:
    said = why("--before", files[0], "--after", files[1], "--by", "slice", "--top", 2)
    assert "7,692.20 (+17.0%) more than" in said
    assert "requests (+4,756.06), ctr2 (+4,418.26), asn (+3,091.72) raised it" in said
    assert "█" in said
    assert "3 more values changed by" in said


def test_json_and_parquet_files_give_the_same(files: tuple[Path, Path], tmp_path: Path) -> None:
    expected = asked("--before", files[0], "--after", files[1])
    for ending in ("json", "parquet"):
        made = [tmp_path / f"{file.stem}.{ending}" for file in files]
        for file, copy in zip(files, made, strict=True):
            with duckdb.connect() as connection:
                connection.execute(f"copy (from '{file}') to '{copy}'")
        answer = asked("--before", made[0], "--after", made[1])
        assert answer["factors"] == expected["factors"]


def test_an_identity_can_be_written_down(files: tuple[Path, Path]) -> None:
    answer = asked(
        *("--before", files[0], "--after", files[1]),
        *("--identity", "revenue = ad_impressions * cpm2 * 0.001"),
    )
    assert [one["factor"] for one in answer["factors"]] == ["ad_impressions", "cpm2"]
    assert total(answer["factors"]) == Decimal("7692.2")


def test_a_ratio_is_explained_by_its_chain(files: tuple[Path, Path]) -> None:
    answer = asked("--before", files[0], "--after", files[1], "--identity", "ctr1_chain")
    assert total(answer["factors"]) == Decimal(answer["change"])
    assert float(answer["change"]) == pytest.approx(110335 / 1124000 - 90400 / 1020000, abs=1e-12)


@pytest.mark.parametrize(
    ("text", "arguments", "message"),
    [
        ("", [], "has no rows"),
        ("requests,revenue\n1,x\n", [], "no number in 1 rows, such as 'x'"),
        ("requests,revenue\n1,nan\n", [], "no number in 1 rows"),
        ("requests,revenue\n-1,2\n", [], "requests is below 0"),
        ("clicks,sales\n1,2\n", [], "No declared identity can be made"),
        ("requests,revenue\n1,2\n", ["--by", "nix"], "no column nix in common"),
        ("requests,revenue\n1,2\n", ["--identity", "five_factor"], "no column ad_requests"),
        ("requests,revenue\n1,2\n", ["--identity", "revenue = requests * foo"], "'foo' in"),
        ("requests,revenue\n1,2\n", ["--identity", "revenue = requests * 0"], "by 0"),
        ("requests,revenue\n1,2\n", ["--identity", "nope"], "No identity 'nope'"),
        ("users,requests,revenue\n1,2,3\n1,2,3\n", ["--identity", "per_user"], "do not add up"),
        ("requests,revenue\n1,2\n", ["--from", "2026-11-01"], "without days"),
    ],
)
def test_what_cannot_be_answered_is_refused_with_the_reason(
    tmp_path: Path, text: str, arguments: Sequence[str], message: str
) -> None:
    file = tmp_path / "report.csv"
    file.write_text(text)
    said = why("--before", file, "--after", file, *arguments, code=2)
    assert message in " ".join(said.split())


def lines(
    *rows: str, columns: str = "requests,ad_requests,ad_impressions,ad_clicks,revenue"
) -> str:
    return "\n".join([columns, *rows]) + "\n"


def two(tmp_path: Path, before: str, after: str, ending: str = "csv") -> list[str]:
    """Two files, as the command's options name them."""
    for name, text in (("p0", before), ("p1", after)):
        (tmp_path / f"{name}.{ending}").write_text(text)
    return [
        *("--before", str(tmp_path / f"p0.{ending}")),
        *("--after", str(tmp_path / f"p1.{ending}")),
    ]


ONE, OTHER = lines("100,50,100,10,50"), lines("120,60,150,18,72")


def test_what_a_slice_is_called_is_no_markup(tmp_path: Path) -> None:
    columns = "requests,ad_requests,ad_impressions,ad_clicks,revenue,s"
    names = ("[/]", "[bold] top", "[link=x]y")
    files = two(
        tmp_path,
        lines(*(f"100,50,100,10,50,{name}" for name in names), columns=columns),
        lines(*(f"120,60,150,18,72,{name}" for name in names), columns=columns),
    )
    said = why(*files, "--by", "s")
    assert all(name in said for name in names)


def test_a_table_is_never_cut(tmp_path: Path) -> None:
    files = two(tmp_path, lines("1,1,1,1,123456789.25"), lines("1,1,1,1,987654321.75"))
    outcome = CliRunner().invoke(app, ["why", *files], env={"COLUMNS": "40"})
    assert "…" not in outcome.output
    assert "+864,197,532" in outcome.output


def test_a_file_s_name_is_no_pattern(tmp_path: Path) -> None:
    (tmp_path / "april1.csv").write_text(lines("1,1,1,1,1"))
    (tmp_path / "april[1].csv").write_text(ONE)
    (tmp_path / "p*.csv").write_text(OTHER)
    (tmp_path / "px.csv").write_text(OTHER)
    answer = asked("--before", tmp_path / "april[1].csv", "--after", tmp_path / "p*.csv")
    assert (answer["before"], answer["now"]) == ("50.000000", "72.000000")


def test_numbers_in_json_are_exact_or_refused(tmp_path: Path) -> None:
    def rows(*values: str) -> str:
        said = (f'{{"ad_impressions":10,"ad_clicks":2,"revenue":{value}}}' for value in values)
        return f"[{','.join(said)}]"

    # Whole numbers as far as a reader looks ahead, and then others.
    many = rows(*["1"] * 30_000, *["0.4"] * 10_000)
    answer = asked(*two(tmp_path, many, many, "json"))
    assert answer["now"] == "34000.000000"
    large, larger = "98765432109.123457", "98765432109.123459"
    refused = why(*two(tmp_path, rows(large), rows(larger), "json"), code=2)
    assert "in quotes" in refused
    quoted = two(tmp_path, rows(f'"{large}"'), rows(f'"{larger}"'), "json")
    assert asked(*quoted)["change"] == "0.000002"


def test_an_identity_that_does_not_hold_is_refused(tmp_path: Path) -> None:
    files = two(tmp_path, ONE, OTHER)
    said = why(*files, "--identity", "revenue = requests * acp", code=2)
    assert "does not hold" in said
    assert "the product is 500 and revenue is 50" in said


def test_a_factor_without_a_value_is_said_even_where_nothing_moved(tmp_path: Path) -> None:
    answer = asked(*two(tmp_path, ONE, lines("100,50,100,0,50")))
    assert answer["change"] == "0.000000"
    assert any("acp has no value" in note for note in answer["notes"])


def test_a_ratio_without_a_value_is_refused(tmp_path: Path) -> None:
    files = two(tmp_path, lines("100,50,0,0,0"), OTHER)
    assert "nothing can be explained" in why(*files, "--identity", "cpm2_chain", code=2)


def test_components_that_cannot_be_are_said(tmp_path: Path) -> None:
    answer = asked(*two(tmp_path, ONE, lines("10,60,150,18,72")))
    assert any("pvr is 6" in note and "at most 1" in note for note in answer["notes"])


def test_rate_and_mix_are_left_out_where_revenue_changes_its_sign(tmp_path: Path) -> None:
    columns = "requests,ad_requests,ad_impressions,ad_clicks,revenue,s"
    files = two(
        tmp_path,
        lines("100,50,100,10,50,a", "100,50,100,10,10,b", columns=columns),
        lines("120,60,150,18,-72,a", "120,60,150,18,20,b", columns=columns),
    )
    answer = asked(*files, "--by", "s")
    assert answer["movements"] == []
    assert any("changes its sign" in note for note in answer["notes"])


def test_every_factor_of_an_own_identity_has_its_rate_and_mix(tmp_path: Path) -> None:
    columns = "ad_impressions,ad_clicks,ad_actions,revenue,s"
    files = two(
        tmp_path,
        lines("100,10,2,50,a", "300,20,3,40,b", columns=columns),
        lines("150,18,5,72,a", "200,30,4,90,b", columns=columns),
    )
    for formula in ("ad_impressions * ctr2 * acp", "ad_impressions * ctr2 * cvr * aap"):
        answer = asked(*files, "--by", "s", "--identity", f"revenue = {formula}")
        headline = {one["factor"]: float(one["contribution"]) for one in answer["factors"]}
        moved = {
            one["metric"]: sum(one[effect] or 0 for effect in ("volume", "rate", "mix"))
            for one in answer["movements"]
        }
        assert moved == pytest.approx(headline, abs=2e-6)


def test_what_begins_further_down_is_explained_from_there(tmp_path: Path) -> None:
    columns = "ad_impressions,ad_clicks,revenue"
    files = two(tmp_path, lines("100,10,50", columns=columns), lines("150,18,72", columns=columns))
    answer = asked(*files)
    assert answer["formula"] == "revenue = ad_impressions · ctr2 · acp"
    assert answer["change"] == "22.000000"


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (lines("120,60,150,18,-abc"), "revenue is no number"),
        (lines("120,60,150,-18,7"), "ad_clicks is below 0"),
        (lines("120,60,150,18,1e17"), "in a larger unit"),
        (
            lines(
                "120,60,150,18,7,8",
                columns="requests,ad_requests,ad_impressions,ad_clicks,revenue,revenue",
            ),
            "two columns revenue",
        ),
        (lines("1", columns="banana"), "no column in common"),
    ],
)
def test_a_file_that_would_mislead_is_refused(tmp_path: Path, after: str, said: str) -> None:
    assert said in " ".join(why(*two(tmp_path, ONE, after), code=2).split())


def test_columns_are_told_apart_by_more_than_their_case(tmp_path: Path) -> None:
    upper = OTHER.replace("requests", "Requests", 1).replace("revenue", "REVENUE")
    assert asked(*two(tmp_path, ONE, upper))["change"] == "22.000000"


def test_a_column_named_as_all_slices_are_is_refused(tmp_path: Path) -> None:
    columns = "requests,ad_requests,ad_impressions,ad_clicks,revenue,(all)"
    files = two(tmp_path, *[lines("100,50,100,10,50,x", columns=columns)] * 2)
    assert "rename the column" in why(*files, "--by", "(all)", code=2)


def test_a_file_that_is_not_there_or_of_another_kind_is_named(tmp_path: Path) -> None:
    assert "There is no file" in why("--before", "nix.csv", "--after", "nix.csv", code=2)
    other = tmp_path / "report.xlsx"
    other.write_text("x")
    assert "no format that is read here" in why("--before", other, "--after", other, code=2)


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """A warehouse whose marts hold three weeks of two surfaces."""
    places = Places(tmp_path / "warehouse")
    database = empty_publication(places, date(2026, 11, 1), date(2026, 11, 21))
    with duckdb.connect(str(database)) as connection:
        connection.execute(
            """
            create table revenue_daily_by_segment as
            select
                date '2026-11-01' + day::int as requested_on,
                'surface' as dimension,
                surface as dimension_value,
                100 + day as requests,
                50 + day as ad_requests,
                80 + 2 * day as ad_impressions,
                9 + (day % 5) as ad_clicks,
                7 as users,
                cast(10 + day * weight as decimal(38, 6)) as revenue
            from range(21) as days (day), (values ('search', 2), ('feed', 1)) as s (surface, weight)
            where day <> 3;
            create table revenue_daily as
            select
                requested_on, '(all)' as surface, sum(requests) as requests,
                sum(ad_requests) as ad_requests, sum(ad_impressions) as ad_impressions,
                sum(ad_clicks) as ad_clicks, 9 as users, sum(revenue) as revenue
            from revenue_daily_by_segment group by all;
            """
        )
    return places.warehouse


def test_slices_that_stood_out_are_named_beside_the_answer(published: Path) -> None:
    assert asked("--warehouse", published)["causes"] == [], "a publication without the mart"
    with duckdb.connect(str(Places(published).current / DATABASE)) as connection:
        connection.execute(
            """
            create table root_causes as
            select
                date '2026-11-21' - back::int as requested_on, metric, 'slice' as method,
                1 as cause_rank, 'surface:feed' as cause, 2.0::double as expected,
                1.0::double as actual, 12.5::double as score, place as factor_rank
            from (values (0, 'ctr2', 1), (0, 'acp', 2), (7, 'pvr', 1), (9, 'asn', 1))
                as c (back, metric, place)
            """
        )
    before, cause = asked("--warehouse", published)["causes"]
    assert (before["day"], before["metric"]) == ("2026-11-14", "pvr"), "the base stood out"
    assert cause == {
        **{"day": "2026-11-21", "metric": "ctr2", "cause": "surface:feed"},
        **{"expected": 2.0, "actual": 1.0, "score": 12.5},
    }
    said = why("--warehouse", published)
    assert "surface:feed" in said
    assert "-50.0%" in said
    assert asked("--warehouse", published, "--identity", "ctr1_chain")["causes"] == []


def test_a_week_is_held_against_the_week_before(published: Path) -> None:
    answer = asked(
        *("--warehouse", published, "--from", "2026-11-15", "--to", "2026-11-21"),
        *("--by", "surface"),
    )
    assert answer["before_period"] == "2026-11-08 to 2026-11-14"
    assert Decimal(answer["change"]) == 7 * 7 * 3
    assert total(answer["factors"]) == Decimal(answer["change"])
    assert total(answer["slices"], "change") == Decimal(answer["change"])
    assert not answer["notes"]


def test_without_days_the_newest_is_held_against_the_same_weekday(published: Path) -> None:
    answer = asked("--warehouse", published)
    assert (answer["now_period"], answer["before_period"]) == ("2026-11-21", "2026-11-14")
    users = asked("--warehouse", published, "--identity", "per_user")
    assert Decimal(users["change"]) == Decimal(answer["change"])


def test_days_that_have_no_data_are_said(published: Path) -> None:
    answer = asked("--warehouse", published, "--from", "2026-11-10", "--to", "2026-11-12")
    assert answer["before_period"] == "2026-11-03 to 2026-11-05"
    assert answer["notes"] == ["2 of the 3 days before (2026-11-03 to 2026-11-05) have data."]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--from", "2027-01-01"], "no day of 2027-01-01"),
        (["--from", "2026-11-10", "--to", "2026-11-01"], "ends (2026-11-01) before it begins"),
        (["--by", "nix"], "by no dimension 'nix'; they do by surface"),
        (
            ["--identity", "per_user", "--from", "2026-11-10", "--to", "2026-11-12"],
            "needs users, counted exactly for a day",
        ),
        (
            ["--from", "2026-11-10", "--to", "2026-11-12", "--base-from", "2026-11-08"],
            "share days, and a day cannot be both",
        ),
        (["--before", "x.csv"], "--before FILE and --after FILE together"),
    ],
)
def test_a_question_that_the_marts_cannot_answer_is_refused(
    published: Path, arguments: Sequence[str], message: str
) -> None:
    assert message in " ".join(why("--warehouse", published, *arguments, code=2).split())


def test_a_day_beyond_the_calendar_is_refused(published: Path) -> None:
    assert "beyond the calendar" in why("--warehouse", published, "--from", "0001-01-01", code=2)


def test_a_warehouse_with_nothing_published_is_named(tmp_path: Path) -> None:
    assert "Nothing is published in" in why("--warehouse", tmp_path, code=2)


def test_the_published_seeds_are_explained(
    tributary: Command, seeds_run: tuple[Path, subprocess.CompletedProcess[str]]
) -> None:
    """By the command, as a process; and as the mart revenue_drivers says it."""
    outcome = tributary("why", "--warehouse", seeds_run[0], "--by", "surface", "--json")
    assert outcome.returncode == 0, outcome.stderr
    answer = json.loads(outcome.stdout)
    with duckdb.connect(str(seeds_run[0] / "marts.duckdb"), read_only=True) as connection:
        rows = connection.execute(
            """
            select dimension_value, factor, effect, contribution
            from revenue_drivers
            where
                comparison = 'same_weekday' and identity = 'five_factor'
                and dimension = 'surface' and period_starts_on = ?
            """,
            [answer["now_period"]],
        ).fetchall()
    told = {
        (one["value"], part["factor"], part["effect"]): Decimal(part["contribution"])
        for one in answer["slices"]
        for part in one["factors"]
    }
    assert told == {(value, factor, effect): part for value, factor, effect, part in rows}


@pytest.mark.parametrize(
    ("rows", "dimensions", "identities"),
    [
        (
            "select cast(date as date) as day, ad_type_id, geo_id, device_category_id, site_id,"
            " advertiser_id, total_impressions as ad_impressions,"
            " cast(total_revenue as decimal(38, 6)) as revenue"
            " from '{data}/publisher_ad_revenue_june2019/daily.parquet'",
            ["ad_type_id", "geo_id", "device_category_id", "site_id", "advertiser_id"],
            ["revenue = ad_impressions * cpm2 * 0.001"],
        ),
        (
            "select make_date(2020, if(month = 'April', 4, if(month = 'May', 5, 6)), day) as day,"
            " campaign_number, banner, placement, displays as ad_impressions,"
            " clicks as ad_clicks, post_click_conversions as ad_actions,"
            " cast(revenue as decimal(38, 6)) as revenue,"
            " cast(post_click_sales_amount as decimal(38, 6)) as action_value"
            " from '{data}/online_advertising_2020/daily.csv'",
            ["campaign_number", "banner", "placement"],
            [
                "revenue = ad_impressions * cpm2 * 0.001",
                "revenue = ad_impressions * ctr2 * acp",
                "revenue = ad_impressions * ctr2 * atr2 * aap",
                "cpa_chain",
                "roas_chain",
                "cpm2_chain",
            ],
        ),
    ],
    ids=["publisher", "network"],
)
def test_reports_that_nobody_here_made_leave_no_residual(
    root: Path, rows: str, dimensions: Sequence[str], identities: Sequence[str]
) -> None:
    """Every slice of every dimension, each day against the one before and the week before."""
    data = Path(os.environ.get("TRIBUTARY_REAL_LOGS", root.parent / "shared" / "data"))
    if not data.is_dir():
        pytest.skip(f"{data} is not there; TRIBUTARY_REAL_LOGS names the folder of real logs.")
    renderer = Renderer.of_project(root)
    with duckdb.connect() as connection:
        connection.execute(f"create table report as {rows.format(data=data)}")
        for text in identities:
            identity = identity_of(renderer, text)
            lead = renderer.call("leading_factor", identity.declared)
            sums = renderer.call("pair_columns", list(identity.quantities))
            whole = (
                f", sum({lead}_base) over (partition by dimension, back, day) as {lead}_whole_base"
                f", sum({lead}_now) over (partition by dimension, back, day) as {lead}_whole_now"
                if lead
                else ""
            )
            told = " union all ".join(
                f"select {dimension!r} as dimension,"
                f" coalesce(cast({dimension} as varchar), '') as slice, back,"
                f" day + case when is_now then 0 else back end as day, is_now,"
                f" {', '.join(identity.quantities)}"
                " from report, (values (1), (7)) as comparisons (back),"
                " (values (true), (false)) as roles (is_now)"
                for dimension in dimensions
            )
            connection.execute(
                f"create or replace table pairs as select *{whole} from ("
                f"select dimension, slice, back, day, {sums} from ({told}) group by all)"
            )
            keys = ["dimension", "slice", "back", "day"]
            sql = renderer.call("factor_contributions", "tested", identity.declared, "pairs", keys)
            connection.execute(f"create or replace table parts as {sql}")
            count, residues = connection.execute(
                "select count(*), count(*) filter (where parts <> change) from ("
                " select sum(contribution) as parts, max(result_now) - max(result_base) as change"
                f" from parts group by {', '.join(keys)})"
            ).fetchone() or (0, 0)
            assert count > 1000
            assert residues == 0, text
            if not identity.is_ratio:
                (unlike,) = connection.execute(
                    "select count(*) from ("
                    " select dimension, back, day, sum(contribution) as parts"
                    " from parts group by all) inner join ("
                    " select dimension, back, day, sum(revenue_now) - sum(revenue_base) as change"
                    " from pairs group by all) using (dimension, back, day) where parts <> change"
                ).fetchone() or (None,)
                assert unlike == 0, text
