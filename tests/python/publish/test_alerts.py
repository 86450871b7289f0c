"""What failed and what warned reaches a receiver, and what is well is not said."""

from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from receiver import Receiver
from rich.console import Console

from tributary.publish.alerts import Alert, alert_of, send
from tributary.publish.command import print_ending
from tributary.publish.reports import Ending, Finding, RunReport, Stage
from tributary.settings import resolve

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
WARNING = Finding(stage=Stage.audit, name="volume", message="half of it", is_blocking=False)
FAILURE = Finding(stage=Stage.audit, name="totals", message="one too many", is_blocking=True)


def report(ending: Ending, *findings: Finding) -> RunReport:
    return RunReport(
        run_id="20261125T030000Z",
        began_at=NOW,
        ended_at=NOW,
        ending=ending,
        stage=Stage.audit,
        summary="As it was.",
        findings=list(findings),
        published="20261124T030000Z",
    )


@pytest.mark.parametrize(
    ("named", "log"),
    [
        ({}, "{project}/logs/dbt.log"),
        ({"DBT_LOG_PATH": "{elsewhere}/of_dbt"}, "{elsewhere}/of_dbt/dbt.log"),
        ({"DBT_LOG_PATH": "here"}, "{elsewhere}/here/dbt.log"),
        ({"DBT_LOG_PATH": "a", "DBT_ENGINE_LOG_PATH": "b"}, "{elsewhere}/b/dbt.log"),
    ],
)
def test_a_failed_run_says_where_dbts_own_log_is(
    named: dict[str, str], log: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DBT_LOG_PATH")
    settings = resolve(warehouse=tmp_path / "warehouse")
    monkeypatch.chdir(tmp_path)
    for name, folder in named.items():
        monkeypatch.setenv(name, folder.format(elsewhere=tmp_path))
    said = StringIO()
    print_ending(Console(file=said, width=1000), settings, report(Ending.failed, FAILURE))
    where = log.format(project=settings.project, elsewhere=tmp_path)
    assert f"dbt's own log: {where}." in said.getvalue()


def alert(ending: Ending, *findings: Finding) -> Alert:
    made = alert_of(report(ending, *findings), "/data/warehouse", "/data/report.md")
    assert made is not None
    return made


def test_of_a_run_without_a_finding_nothing_is_said() -> None:
    assert alert_of(report(Ending.published), "/w", "/r") is None


@pytest.mark.parametrize(
    ("ending", "finding", "level"),
    [
        (Ending.published, WARNING, "warning"),
        (Ending.failed, FAILURE, "failure"),
        (Ending.refused, FAILURE, "failure"),
    ],
)
def test_the_payload_says_what_happened_where_and_what_readers_see(
    receiver: Receiver, ending: Ending, finding: Finding, level: str
) -> None:
    assert send(alert(ending, finding), receiver.address) is None
    assert receiver.bodies == [
        {
            "text": f"tributary 20261125T030000Z: As it was.\n- {finding.name}: {finding.message}",
            "level": level,
            "run_id": "20261125T030000Z",
            "ending": str(ending),
            "stage": "audit",
            "warehouse": "/data/warehouse",
            "published": "20261124T030000Z",
            "findings": [finding.model_dump(mode="json")],
            "report": "/data/report.md",
            "at": "2026-11-25T03:00:00Z",
        }
    ]


def test_a_receiver_out_of_order_is_asked_again(receiver: Receiver) -> None:
    receiver.answers = [503, 503, 200]
    assert send(alert(Ending.failed, FAILURE), receiver.address) is None
    assert len(receiver.bodies) == 3


def test_a_refusal_is_said_without_the_secret_of_the_address(receiver: Receiver) -> None:
    receiver.answers = [403]
    said = send(alert(Ending.failed, FAILURE), receiver.address)
    assert said == "The alert was refused by 127.0.0.1: 403."


def test_a_receiver_that_is_away_is_said_and_raises_nothing(receiver: Receiver) -> None:
    receiver.server.shutdown()
    receiver.server.server_close()
    said = send(alert(Ending.failed, FAILURE), receiver.address)
    assert said is not None
    assert "did not reach 127.0.0.1" in said
    assert "secret" not in said
