"""Alerts: what failed, and what warned, goes out to one webhook."""

from datetime import datetime
from typing import Literal
from urllib.parse import urlsplit

import requests
from pydantic import BaseModel
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

from tributary.publish.reports import Ending, Finding, RunReport, Stage

_SECONDS = 10
_TRIES = 3


class Alert(BaseModel):
    """The payload: one JSON object, sent by POST.

    Attributes:
        text: all of it in words: what a chat shows.
        level: failure (the marts were not published) or warning (they were).
        run_id: the run.
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
    is_failure = report.ending in (Ending.failed, Ending.refused)
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

    Returns:
        Why it could not be delivered; None where it was.
    """
    retry = Retry(
        total=_TRIES,
        backoff_factor=0.5,
        status_forcelist=(429, 500, 502, 503, 504),
        allowed_methods=("POST",),
        raise_on_status=False,
    )
    with requests.Session() as session:
        for scheme in ("http://", "https://"):
            session.mount(scheme, HTTPAdapter(max_retries=retry))
        try:
            answer = session.post(webhook, json=alert.model_dump(mode="json"), timeout=_SECONDS)
            if not answer.ok:
                return f"The alert was refused by {_host(webhook)}: {answer.status_code}."
        except requests.RequestException as failed:
            return f"The alert did not reach {_host(webhook)}: {type(failed).__name__}."
    return None


def _host(webhook: str) -> str:
    """The rest of the address is often a secret."""
    return urlsplit(webhook).hostname or "the webhook"
