"""What failed and what warned reaches a receiver, and what is well is not said."""

import logging
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from receiver import Receiver

from tributary.publish import alerts
from tributary.publish.alerts import Alert, alert_of, send
from tributary.publish.reports import Ending, Finding, RunReport, Stage

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
        (Ending.busy, FAILURE, "failure"),
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


@pytest.mark.parametrize("answer", [301, 302, 307])
def test_a_receiver_that_leads_elsewhere_has_not_been_told(receiver: Receiver, answer: int) -> None:
    receiver.answers, receiver.leads_to = [answer], receiver.address
    said = send(alert(Ending.failed, FAILURE), receiver.address)
    assert said == (
        f"The alert was not delivered: 127.0.0.1 leads elsewhere ({answer}). Set the address that "
        "it leads to."
    )
    assert len(receiver.bodies) == 1
    assert receiver.asked == 0


def test_a_receiver_that_is_away_is_said_and_raises_nothing(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alerts, "_PAUSES", (0.1,))
    receiver.server.shutdown()
    receiver.server.server_close()
    said = send(alert(Ending.failed, FAILURE), receiver.address)
    assert said is not None
    assert "did not reach 127.0.0.1" in said
    assert "secret" not in said


@pytest.fixture
def hanging() -> Iterator[socket.socket]:
    """A receiver that takes a connection and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def address_of(server: socket.socket) -> str:
    return f"http://127.0.0.1:{server.getsockname()[1]}/secret"


def test_a_receiver_that_hangs_is_given_up_and_not_asked_again(
    hanging: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alerts, "_SECONDS", 1)
    began = time.monotonic()
    said = send(alert(Ending.failed, FAILURE), address_of(hanging))
    assert said == "The alert did not reach 127.0.0.1: it timed out."
    assert time.monotonic() - began < 3
    hanging.accept()[0].close()
    hanging.settimeout(1)
    with pytest.raises(TimeoutError):
        hanging.accept()


def test_a_receiver_that_answers_a_byte_at_a_time_is_given_up_as_well(
    hanging: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alerts, "_SECONDS", 1)

    def drip() -> None:
        with hanging.accept()[0] as connection:
            connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
            for _ in range(30):
                time.sleep(0.1)
                connection.sendall(b"x")

    thread = threading.Thread(target=drip)
    thread.start()
    began = time.monotonic()
    said = send(alert(Ending.failed, FAILURE), address_of(hanging))
    assert said == "The alert did not reach 127.0.0.1: it timed out."
    assert time.monotonic() - began < 2
    thread.join()


@pytest.mark.parametrize("answers", [[], [503, 503, 200], [403]])
def test_the_secret_of_the_address_is_not_logged(
    receiver: Receiver,
    answers: list[int],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(alerts, "_PAUSES", (0.1, 0.1))
    caplog.set_level(logging.DEBUG)
    receiver.answers = answers
    send(alert(Ending.failed, FAILURE), receiver.address)
    receiver.server.shutdown()
    receiver.server.server_close()
    send(alert(Ending.failed, FAILURE), receiver.address)
    assert "secret" not in caplog.text


@pytest.mark.parametrize("webhook", ["http:///secret", "http://a b/secret", "http://[secret"])
def test_an_address_that_is_none_is_not_shown(
    webhook: str, capfd: pytest.CaptureFixture[str]
) -> None:
    said = send(alert(Ending.failed, FAILURE), webhook)
    assert said is not None
    assert "secret" not in said.replace("http", "")
    assert "secret" not in "".join(capfd.readouterr())
