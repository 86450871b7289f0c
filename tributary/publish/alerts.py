"""Alerts: what failed, and what warned, goes out to one webhook."""

import logging
import queue
import threading
import time
from contextlib import suppress
from datetime import datetime
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel

from tributary.publish.reports import Ending, Finding, RunReport, Stage

_SECONDS = 15
"""An alert has this long, however often it is asked for: a run waits for it before it ends."""
_PAUSES = (0.5, 1, 2)
"""Seconds before each further try."""
_DELIVERED = range(200, 300)
_ELSEWHERE = range(300, 400)
_OUT_OF_ORDER = (429, 500, 502, 503, 504)
_TIMED_OUT = "it timed out"


class Alert(BaseModel):
    """The payload: one JSON object, sent by POST.

    Attributes:
        text: all of it in words: what a chat shows.
        level: failure (the marts were not published) or warning (they were).
        run_id: the run; one that was refused before it began has a name as well.
        ending: how the run ended.
        stage: the stage in which it ended.
        warehouse: the folder of the warehouse.
        published: the publication that readers see now; None: there is none.
        findings: each failure and warning.
        report: the path of the run's report in words; None: it could not be written.
        at: when the run ended, UTC.
    """

    text: str
    level: Literal["failure", "warning"]
    run_id: str
    ending: Ending
    stage: Stage
    warehouse: str
    published: str | None
    findings: list[Finding]
    report: str | None
    at: datetime | None


def alert_of(report: RunReport, warehouse: str, report_path: str | None) -> Alert | None:
    """What there is to say of a run; None where all is well."""
    is_failure = report.ending in (Ending.failed, Ending.refused, Ending.busy)
    if not is_failure and not report.findings:
        return None
    lines = [f"tributary {report.run_id}: {report.summary}"]
    lines += [f"- {one.name}: {one.message}" for one in report.findings]
    return Alert(
        text="\n".join(lines),
        level="failure" if is_failure else "warning",
        run_id=report.run_id,
        ending=report.ending,
        stage=report.stage,
        warehouse=warehouse,
        published=report.published,
        findings=report.findings,
        report=report_path,
        at=report.ended_at,
    )


def send(alert: Alert, webhook: str) -> str | None:
    """Post an alert; a receiver that is away, or out of order, is asked again a few times.

    One that hangs is not: it may have the alert. Nothing of the address is said but its host.

    Returns:
        Why it could not be delivered; None where it was.
    """
    # urllib3 tells the log each path that it asks for, and dbt has opened the root logger to it.
    logging.getLogger("urllib3").setLevel(logging.CRITICAL)
    answered: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def post() -> None:
        answered.put(_posted(alert, webhook, time.monotonic() + _SECONDS))

    # In a thread, because a timeout of requests' begins anew with each byte that arrives.
    threading.Thread(target=post, name="alert", daemon=True).start()
    try:
        return answered.get(timeout=_SECONDS)
    except queue.Empty:
        return _unreached(webhook, _TIMED_OUT)


def _posted(alert: Alert, webhook: str, until: float) -> str | None:
    """Try until a moment of the monotonic clock; why there was no success, or None."""
    # A tenth of a second to import: `tributary --help` should not wait for it.
    import requests

    payload = alert.model_dump(mode="json")
    said = None
    for pause in (0, *_PAUSES):
        left = until - time.monotonic() - pause
        if left <= 0:
            break
        time.sleep(pause)
        try:
            # Streamed, so that the answer's body, which nobody needs, is not waited for.
            # Where it leads elsewhere, a client asks there without what was to be posted.
            with requests.post(
                webhook, json=payload, timeout=left, stream=True, allow_redirects=False
            ) as answer:
                if answer.status_code in _DELIVERED:
                    return None
                if answer.status_code in _ELSEWHERE:
                    return (
                        f"The alert was not delivered: {_host(webhook)} leads elsewhere "
                        f"({answer.status_code}). Set the address that it leads to."
                    )
                said = f"The alert was refused by {_host(webhook)}: {answer.status_code}."
                if answer.status_code not in _OUT_OF_ORDER:
                    break
        except requests.Timeout:
            return _unreached(webhook, _TIMED_OUT)
        except requests.ConnectionError as failed:
            said = _unreached(webhook, type(failed).__name__)
        except Exception as failed:
            # What is wrong with an address is said with the address.
            return _unreached(webhook, type(failed).__name__)
    return said


def _unreached(webhook: str, why: str) -> str:
    return f"The alert did not reach {_host(webhook)}: {why}."


def _host(webhook: str) -> str:
    """The rest of the address is often a secret."""
    with suppress(ValueError):
        return urlsplit(webhook).hostname or "the webhook"
    return "the webhook"
