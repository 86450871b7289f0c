"""MetricFlow's answer is the mart's, for every metric at every grain that a mart shows.

Two computations: the marts add up aggregates that are kept day by day, MetricFlow asks the facts.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from dbt.cli.main import dbtRunner
from one_path import at_one_path

from tributary.build import release_database

PARTS = ("models", "macros", "tests", "analyses", "dbt_project.yml", "profiles.yml")
DAY = "metric_time__day"
QUARTER = "metric_time__quarter"
FINANCE = "finance_quarterly"
RELATIVE = 1e-9


@dataclass(frozen=True)
class Report:
    """A grain of a mart, and the question whose answer it is.

    Attributes:
        mart: the mart.
        keys: {MetricFlow's name of a group: the mart's column}.
        where: which rows of the mart are of this grain.
        of: a condition on requests, in MetricFlow's words.
    """

    mart: str
    keys: dict[str, str]
    where: str = "true"
    of: str | None = None


def reports(variables: dict[str, Any]) -> dict[str, Report]:
    """Every grain of every mart that shows metrics."""
    surface, day = {"request__surface": "surface"}, {DAY: "requested_on"}
    of_search, of_local = (
        f"{{{{ Dimension('request__surface') }}}} in ('{words}')"
        for words in ("', '".join(variables[f"{of}_surfaces"]) for of in ("search", "local"))
    )
    device, region = (
        {"request__device_type": "device_type"},
        {"request__region_code": "region_code"},
    )
    found = {
        "the day": Report("revenue_daily", day, "surface = '(all)'"),
        "a surface": Report("revenue_daily", day | surface, "surface <> '(all)'"),
        "a surface of search": Report(
            "search_metrics_daily", day | surface, "device_type = '(all)'", of_search
        ),
        "a device in search": Report(
            "search_metrics_daily", day | surface | device, "device_type <> '(all)'", of_search
        ),
        "local search": Report("local_funnel_daily", day, "region_code = '(all)'", of_local),
        "a region of local search": Report(
            "local_funnel_daily", day | region, "region_code <> '(all)'", of_local
        ),
        "an advertiser": Report(
            "advertiser_daily",
            day | {"advertiser": "advertiser_id"},
            of="{{ Entity('advertiser') }} is not null",
        ),
        "a quarter": Report(
            FINANCE, {QUARTER: "quarter_starts_on", "statement__currency": "currency"}
        ),
    }
    for dimension in variables["dimensions"]:
        found[f"a value of {dimension}"] = Report(
            "revenue_daily_by_segment",
            day | {f"request__{dimension}": "dimension_value"},
            f"dimension = '{dimension}'",
        )
    return found


VARIABLES = yaml.safe_load((Path(__file__).parents[2] / "dbt_project.yml").read_text("utf-8"))[
    "vars"
]
REPORTS = reports(VARIABLES)


@pytest.fixture(scope="module")
def project(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project by another name, and what dbt makes of it: MetricFlow looks in `target`."""
    folder = tmp_path_factory.mktemp("semantic")
    for part in PARTS:
        (folder / part).symlink_to(root / part)
    outcome = dbtRunner().invoke(
        [
            *("--quiet", "parse", "--project-dir", str(folder), "--profiles-dir", str(folder)),
            *("--target-path", str(folder / "target")),
        ]
    )
    assert outcome.success, outcome.exception
    return folder


@pytest.fixture(scope="module")
def engine(project: Path, built_warehouse: Path) -> Iterator[Any]:
    """MetricFlow over the built seeds."""
    from dbt_metricflow.cli.cli_configuration import CLIConfiguration

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRIBUTARY_WAREHOUSE", str(at_one_path(built_warehouse.parent)))
        configuration = CLIConfiguration()
        configuration.setup(project, project, configure_file_logging=False)
        engine = configuration.mf
        release_database()
        yield engine


def sql_of(engine: Any, **question: Any) -> str:
    """The statement that answers a question."""
    from metricflow.engine.metricflow_engine import MetricFlowQueryRequest

    statement = engine.explain(MetricFlowQueryRequest.create(**question)).sql_statement
    return str(statement.sql)


def metrics_shown(connection: duckdb.DuckDBPyConnection, engine: Any, mart: str) -> list[str]:
    """The columns of a mart that are metrics."""
    known = {metric.name for metric in engine.list_metrics()}
    columns = connection.execute(
        "select column_name from duckdb_columns() where schema_name = 'marts' and table_name = ?",
        [mart],
    ).fetchall()
    return [name for (name,) in columns if name in known]


def unlike(
    connection: duckdb.DuckDBPyConnection,
    answer: str,
    report: Report,
    metrics: Sequence[str],
) -> dict[str, int]:
    """{metric: rows in which answer and mart are not the same}, and how many one of them lacks."""
    same_row = " and ".join(
        f"mart.{column} is not distinct from answer.{name}" for name, column in report.keys.items()
    )
    counted = [
        f"count(*) filter (where (mart.{one} is null) <> (answer.{one} is null)"
        f" or abs(mart.{one} - answer.{one})"
        f" > {RELATIVE} * greatest(abs(mart.{one}), abs(answer.{one}))) as {one}"
        for one in metrics
    ]
    found = connection.execute(
        f"""
        with answer as (select *, true as is_there from ({answer})),
        mart as (select *, true as is_there from marts.{report.mart} where {report.where})
        select
            count(*) filter (where mart.is_there is null or answer.is_there is null) as one_side,
            count(*) as compared, {", ".join(counted)}
        from mart full outer join answer on {same_row}
        """
    )
    names = [column[0] for column in found.description or []]
    return dict(zip(names, found.fetchone() or (), strict=True))


@pytest.mark.parametrize("grain", REPORTS)
def test_metricflow_says_of_each_metric_what_the_mart_says(
    engine: Any, built_warehouse: Path, grain: str
) -> None:
    report = REPORTS[grain]
    with duckdb.connect(str(built_warehouse), read_only=True) as connection:
        metrics = metrics_shown(connection, engine, report.mart)
        answer = sql_of(
            engine,
            metric_names=metrics,
            group_by_names=list(report.keys),
            where_constraints=[report.of] if report.of else None,
        )
        found = unlike(connection, answer, report, metrics)
    assert found.pop("compared") > 0
    assert {name: count for name, count in found.items() if count} == {}


def test_an_answer_that_is_not_the_marts_is_seen(engine: Any, built_warehouse: Path) -> None:
    report = REPORTS["a surface"]
    answer = sql_of(engine, metric_names=["revenue"], group_by_names=list(report.keys))
    wrong = f"select * replace (revenue + 0.000001 as revenue) from ({answer})"
    with duckdb.connect(str(built_warehouse), read_only=True) as connection:
        found = unlike(connection, wrong, report, ["revenue"])
        assert found["revenue"] == found["compared"]
        short = f"select * from ({answer}) where request__surface <> 'search'"
        assert unlike(connection, short, report, ["revenue"])["one_side"] > 0


@pytest.mark.parametrize("name", ["revenue_daily", "advertiser_daily", FINANCE])
def test_saved_queries_are_the_reports_of_their_names(
    engine: Any, built_warehouse: Path, name: str
) -> None:
    report = next(one for one in REPORTS.values() if one.mart == name)
    with duckdb.connect(str(built_warehouse), read_only=True) as connection:
        answer = sql_of(engine, saved_query_name=name)
        asked = connection.execute(f"describe {answer}").fetchall()
        metrics = [column[0] for column in asked if column[0] not in report.keys]
        assert len(metrics) >= 12
        found = unlike(connection, answer, report, metrics)
    assert {key: count for key, count in found.items() if count and key != "compared"} == {}


def test_every_metric_of_the_project_is_in_the_semantic_layer(
    project: Path, engine: Any, built_warehouse: Path
) -> None:
    manifest = json.loads((project / "target" / "semantic_manifest.json").read_text("utf-8"))
    known = {metric["name"]: metric["type_params"] for metric in manifest["metrics"]}
    for name, declared in VARIABLES["metrics"].items():
        inputs = [known[name]["numerator"], known[name]["denominator"], *known[name]["metrics"]]
        parts = {declared["numerator"], declared.get("minus"), declared["denominator"]} - {None}
        assert {one["name"] for one in inputs if one} == parts, name
    with duckdb.connect(str(built_warehouse), read_only=True) as connection:
        shown = {
            metric
            for mart in {report.mart for report in REPORTS.values()}
            for metric in metrics_shown(connection, engine, mart)
        }
    assert known.keys() - shown == set(), "a metric that no mart shows is compared with nothing"


def test_the_command_of_the_guide_answers(project: Path, built_warehouse: Path) -> None:
    outcome = subprocess.run(
        [
            Path(sys.executable).with_name("mf"),
            *("query", "--metrics", "revenue,acp", "--group-by", "request__surface"),
            *("--order", "-revenue", "--limit", "3"),
        ],
        cwd=project,
        capture_output=True,
        text=True,
        env={**os.environ, "TRIBUTARY_WAREHOUSE": str(at_one_path(built_warehouse.parent))},
        timeout=300,
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert "request__surface" in outcome.stdout
