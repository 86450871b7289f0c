"""Superset's REST API, as a logged-in user asks it."""

import json
from typing import Any

import requests

_SECONDS = 120


class RefusedError(Exception):
    """Superset answered with an error; the message is its own, on one line."""


class Rest:
    """A logged-in user."""

    def __init__(self, address: str, user: str, password: str) -> None:
        self._address = f"{address}/api/v1"
        self._session = requests.Session()
        login = {"username": user, "password": password, "provider": "db", "refresh": True}
        token = self.ask("post", "/security/login", login)["access_token"]
        self._session.headers["Authorization"] = f"Bearer {token}"
        self._session.headers["Referer"] = address
        self._session.headers["X-CSRFToken"] = self.ask("get", "/security/csrf_token/")["result"]

    def ask(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        """One request, and what it answered.

        Raises:
            RefusedError: an error.
        """
        answer = self._session.request(
            method, self._address + path, json=body, timeout=_SECONDS, **more
        )
        if not answer.ok:
            raise RefusedError(f"{answer.status_code}: {_words(answer)}")
        return answer.json()

    def listed(self, kind: str) -> dict[str, int]:
        """Everything of a kind: its name, and its number."""
        found = self.ask("get", f"/{kind}/?q=(page_size:100)")["result"]
        names = ("dashboard_title", "slice_name", "table_name", "database_name")
        return {next(one[name] for name in names if name in one): one["id"] for one in found}

    def chart(self, number: int) -> list[dict[str, Any]]:
        """The rows of a chart, as the question that is saved with it asks for them."""
        return list(self.ask("get", f"/chart/{number}/data/")["result"][0]["data"])

    def filtered(self, number: int, column: str, value: str) -> list[dict[str, Any]]:
        """The same, as the dashboard asks once a native filter is set."""
        saved = self.ask("get", f"/chart/{number}")["result"]["query_context"]
        question = json.loads(saved)
        for query in question["queries"]:
            query["filters"].append({"col": column, "op": "IN", "val": [value]})
        return list(self.ask("post", "/chart/data", question)["result"][0]["data"])

    def sql(self, database: int, statement: str) -> list[dict[str, Any]]:
        """What SQL Lab answers.

        Raises:
            RefusedError: an error.
        """
        body = {"database_id": database, "sql": statement, "schema": "main", "runAsync": False}
        return list(self.ask("post", "/sqllab/execute/", body)["data"])


def _words(answer: requests.Response) -> str:
    """What an error says, without what surrounds it."""
    try:
        said = answer.json()
    except ValueError:
        said = answer.text
    if isinstance(said, dict):
        errors = said.get("errors") or [said]
        said = "; ".join(str(one.get("message", one)) for one in errors)
    return " ".join(str(said).split())
