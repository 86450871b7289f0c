"""The audit lets the marts of the seeds through, and refuses a candidate with one thing off."""

import shutil
from pathlib import Path

import duckdb
import pytest

from tributary.audit import AuditResult, audit_candidate
from tributary.publish.candidate import make_candidate
from tributary.publish.places import DATABASE
from tributary.settings import Settings, resolve

MUTATIONS = {
    "a cell": "update revenue_daily set revenue = revenue + 0.000001 where surface = 'search' "
    "and requested_on = '2026-10-25'",
    "a row less": "delete from search_metrics_daily where requested_on = '2026-10-25' "
    "and device_type <> '(all)'",
    "a day twice": "insert into local_funnel_daily from local_funnel_daily "
    "where requested_on = '2026-10-25'",
    "columns swapped": "update revenue_daily set pvr = asn, asn = pvr",
    "no number": "update advertiser_daily set acp = 'nan' where ad_clicks > 0",
    "a column less": "alter table reconciliation_daily drop column currency",
    "a table less": "drop table lateness",
}


@pytest.fixture(scope="module")
def settings(built_warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("audited")
    shutil.copy(built_warehouse, folder / "build.duckdb")
    return resolve(warehouse=folder)


@pytest.fixture(scope="module")
def candidate(settings: Settings) -> Path:
    with duckdb.connect(str(settings.build_database), read_only=True) as connection:
        marts = connection.execute(
            "select table_name from duckdb_tables() where schema_name = 'marts'"
        ).fetchall()
    folder = settings.warehouse / "candidate"
    make_candidate(settings, [str(name) for (name,) in marts], folder, "one")
    return folder / DATABASE


def audited(settings: Settings, candidate: Path, folder: Path) -> AuditResult:
    with settings.exported():
        return audit_candidate(settings.project, candidate, folder)


def test_the_marts_of_the_seeds_pass_and_the_page_asks_nothing_of_the_network(
    settings: Settings, candidate: Path, tmp_path: Path
) -> None:
    result = audited(settings, candidate, tmp_path)
    assert result.passed, [outcome.message for outcome in result.failures]
    assert len(result.rules) > 100
    page = result.page.read_text("utf-8")
    assert "<link" not in page
    assert 'src="http' not in page


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_a_candidate_in_which_one_thing_is_off_is_refused(
    settings: Settings, candidate: Path, tmp_path: Path, mutation: str
) -> None:
    changed = tmp_path / DATABASE
    shutil.copy(candidate, changed)
    with duckdb.connect(str(changed)) as connection:
        connection.execute(MUTATIONS[mutation])
    result = audited(settings, changed, tmp_path)
    assert not result.passed
    assert all(outcome.message and outcome.reason for outcome in result.failures)
