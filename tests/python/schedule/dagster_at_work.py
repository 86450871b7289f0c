"""The schedule as its users start it, and what its web server says over GraphQL."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import requests

from tributary.publish.lock import Holder, holder_of
from tributary.publish.places import Places

LOCATION = {"repositoryLocationName": "tributary", "repositoryName": "__repository__"}
_LAUNCH = """
    mutation($params: ExecutionParams!) {
      launchPipelineExecution(executionParams: $params) {
        __typename
        ... on LaunchRunSuccess { run { runId } }
        ... on PythonError { message }
      }
    }
"""
_BACKFILL = """
    mutation($params: LaunchBackfillParams!) {
      launchPartitionBackfill(backfillParams: $params) {
        __typename
        ... on LaunchBackfillSuccess { backfillId }
        ... on PythonError { message }
      }
    }
"""
_RUNS = """
    { runsOrError { ... on Runs { results {
        runId status tags { key value } } } } }
"""
_SCHEDULE = """
    query($selector: ScheduleSelector!) {
      scheduleOrError(scheduleSelector: $selector) {
        ... on Schedule { cronSchedule scheduleState { id status ticks { status runIds } } }
      }
    }
"""
_STOP = """
    mutation($id: String!) { stopRunningSchedule(id: $id) {
        ... on ScheduleStateResult { scheduleState { status } } } }
"""
_CHECKS = """
    query($key: AssetKeyInput!) {
      assetNodeOrError(assetKey: $key) { ... on AssetNode {
        assetChecksOrError { ... on AssetChecks { checks {
          name blocking
          executionForLatestMaterialization {
            runId status evaluation { success severity description }
          } } } }
        assetMaterializations(limit: 20) { runId partition }
        freshnessStatusInfo { freshnessStatus }
      } }
    }
"""
_FAILURES = """
    query($id: ID!, $after: String) {
      logsForRun(runId: $id, afterCursor: $after) { ... on EventConnection { cursor hasMore events {
        ... on ExecutionStepFailureEvent { error { message } failureMetadata { description } }
      } } }
    }
"""
Found = TypeVar("Found")


class Scheduler:
    """`tributary schedule`, at work."""

    def __init__(self, project: Path, home: Path, settings: dict[str, str]) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.log = home.with_suffix(".log")
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "tributary", "schedule"),
                    *("--port", str(self.port), "--home", str(home)),
                ],
                cwd=project,
                env={**os.environ, **settings},
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def ask(self, query: str, **variables: Any) -> Any:
        """The data that the web server answers with."""
        answer = requests.post(
            f"http://127.0.0.1:{self.port}/graphql",
            json={"query": query, "variables": variables},
            timeout=60,
        )
        said = answer.json()
        assert "errors" not in said, json.dumps(said, indent=1)
        return said["data"]

    def wait_for(self, what: Callable[[], Found | None], seconds: float = 240) -> Found:
        """Ask until there is an answer."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            assert self.process.poll() is None, self.log.read_text("utf-8")
            try:
                found = what()
            except requests.ConnectionError:
                found = None
            if found:
                return found
            time.sleep(1)
        raise AssertionError(f"Nothing after {seconds} s.\n{self.log.read_text('utf-8')}")

    def schedule(self) -> Any:
        """The schedule's state and ticks; None: the project is not loaded yet."""
        selector = {**LOCATION, "scheduleName": "daily_schedule"}
        return self.ask(_SCHEDULE, selector=selector)["scheduleOrError"] or None

    def stop_schedule(self) -> None:
        """No further tick."""
        self.ask(_STOP, id=self.schedule()["scheduleState"]["id"])

    def launch(self, day: str) -> str:
        """Start a run of one day, as the launchpad does; returns its id."""
        params = {
            "selector": {**LOCATION, "jobName": "daily"},
            "runConfigData": {},
            "executionMetadata": {"tags": [{"key": "dagster/partition", "value": day}]},
        }
        said = self.ask(_LAUNCH, params=params)["launchPipelineExecution"]
        assert said["__typename"] == "LaunchRunSuccess", said
        return str(said["run"]["runId"])

    def backfill(self, assets: list[list[str]], days: list[str]) -> str:
        """Ask for several days of assets, as their page does; returns the backfill's id."""
        params = {"assetSelection": [{"path": path} for path in assets], "partitionNames": days}
        said = self.ask(_BACKFILL, params=params)["launchPartitionBackfill"]
        assert said["__typename"] == "LaunchBackfillSuccess", said
        return str(said["backfillId"])

    def runs(self) -> dict[str, Any]:
        """Every run by its id."""
        return {run["runId"]: run for run in self.ask(_RUNS)["runsOrError"]["results"]}

    def ended(self, run_id: str) -> str:
        """How a run ends."""

        def look() -> str | None:
            status = str(self.runs()[run_id]["status"])
            return status if status in ("SUCCESS", "FAILURE", "CANCELED") else None

        return self.wait_for(look)

    def asset(self, *path: str) -> Any:
        """An asset's checks, materialisations and freshness."""
        return self.ask(_CHECKS, key={"path": list(path)})["assetNodeOrError"]

    def check(self, asset: tuple[str, ...], name: str) -> Any:
        """How a check of an asset's newest state came out."""
        found = self.asset(*asset)["assetChecksOrError"]["checks"]
        named = next(one for one in found if one["name"] == name)
        return named["executionForLatestMaterialization"]

    def freshness(self, *path: str) -> str | None:
        """How the daemon judges an asset's age; None: it has not yet."""
        judged = (self.asset(*path)["freshnessStatusInfo"] or {}).get("freshnessStatus")
        return None if judged in (None, "UNKNOWN") else str(judged)

    def failure(self, run_id: str) -> str:
        """Why a run failed, in its own words."""
        after = None
        while True:
            # A run of a thousand checks has more events than one answer holds.
            page = self.ask(_FAILURES, id=run_id, after=after)["logsForRun"]
            for event in filter(None, page["events"]):
                return str(event["failureMetadata"]["description"])
            assert page["hasMore"], f"Run {run_id} has no step that failed."
            after = page["cursor"]

    def holder(self, warehouse: Path) -> Holder | None:
        """The run that is at work in a warehouse."""
        return holder_of(Places(warehouse).lock)

    def stop(self) -> int:
        """Stop it as a service manager does; returns its exit code."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(90)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
