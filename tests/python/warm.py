"""Processes that have dbt and the audit's engine loaded already: importing them takes longer than
most of what is tested, and a test can afford to kill dozens of runs."""

import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from multiprocessing.context import ForkServerProcess
from multiprocessing.reduction import DupFd
from pathlib import Path
from typing import Any
from unittest.mock import patch

import duckdb
from one_path import at_one_path
from rich.console import Console

from tributary.publish import run as publish_run
from tributary.publish.candidate import make_candidate
from tributary.publish.command import exit_code_of
from tributary.publish.lock import WarehouseBusyError, WarehouseUnwritableError
from tributary.publish.manifest import Manifest
from tributary.publish.places import Places
from tributary.publish.reports import RunReport, Stage
from tributary.publish.run import begun, build_and_publish
from tributary.settings import Settings, resolve
from tributary.words import BUSY, INTERRUPTED, REFUSED

ONLY_MODELS = ("--resource-type", "model")
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["preloaded"])
_SECONDS = 300


def command(
    arguments: list[str], cwd: Path, environment: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    """The command line, in a process of its own."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        process = _CONTEXT.Process(
            target=_command,
            args=(arguments, cwd, environment, DupFd(out.fileno()), DupFd(err.fileno())),
        )
        process.start()
        code = end_of(process)
        for said in (out, err):
            said.seek(0)
        return subprocess.CompletedProcess(arguments, code, out.read(), err.read())


def start(
    events: Path,
    warehouse: Path,
    *arguments: str,
    spoil: str = "",
    may_lose_days: bool = False,
) -> ForkServerProcess:
    """Begin a run of everything, up to the publication.

    Args:
        events: the platform.
        warehouse: where it builds and publishes.
        arguments: for dbt.
        spoil: a statement that is run on the candidate before its audit.
        may_lose_days: publish although published days are gone.
    """
    given = (dict(os.environ), str(events), at_one_path(warehouse), list(arguments))
    process = _CONTEXT.Process(target=_run, args=(*given, spoil, may_lose_days))
    process.start()
    return process


def run(events: Path, warehouse: Path, *arguments: str, spoil: str = "") -> int:
    """A run, and its exit code."""
    return end_of(start(events, warehouse, *arguments, spoil=spoil))


def end_of(process: ForkServerProcess) -> int:
    """Wait for a run; its exit code, or minus the signal that ended it."""
    process.join(_SECONDS)
    assert process.exitcode is not None, "The run hangs."
    return process.exitcode


def kill_in(process: ForkServerProcess, places: Places, stage: Stage, after_s: float) -> bool:
    """Kill a run so many seconds after it came to a stage; whether it was still alive then."""
    began = time.monotonic()
    while process.is_alive() and time.monotonic() - began < _SECONDS:
        if _stage_at_work(places) is stage:
            break
        time.sleep(0.002)
    time.sleep(after_s)
    process.kill()
    return end_of(process) < 0


def last_report(places: Places) -> RunReport:
    """What the last run left."""
    file = max(places.runs.glob("*/report.json"))
    return RunReport.model_validate_json(file.read_text("utf-8"))


def _stage_at_work(places: Places) -> Stage | None:
    """Told by what a run leaves in the folder as it goes on."""
    candidate = next(iter(places.candidates()), None)
    if candidate is None:
        return Stage.build
    if (candidate / "manifest.json").exists():
        return Stage.publish
    return Stage.export


def _command(
    arguments: list[str], cwd: Path, environment: dict[str, str], out: Any, err: Any
) -> None:
    os.dup2(out.detach(), 1)
    os.dup2(err.detach(), 2)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(cwd)
    from tributary.cli import app

    app(arguments)


def _run(
    environment: dict[str, str],
    events: str,
    warehouse: Path,
    arguments: list[str],
    spoil: str,
    may_lose_days: bool,
) -> None:
    os.environ.clear()
    os.environ.update(environment)
    if spoil:
        _spoil_candidates(spoil)
    with Path(os.devnull).open("w") as nowhere:
        settings = resolve(events=events, warehouse=warehouse)
        try:
            with begun(settings, Console(file=nowhere)) as at_work:
                at_work.may_lose_days = may_lose_days
                build_and_publish(at_work, arguments, verbose=False)
        except WarehouseUnwritableError:
            sys.exit(REFUSED)
        except WarehouseBusyError:
            sys.exit(BUSY)
        except KeyboardInterrupt:
            sys.exit(INTERRUPTED)
    sys.exit(exit_code_of(at_work.report))


def _spoil_candidates(statement: str) -> None:
    def make_and_spoil(
        settings: Settings, marts: Iterable[str], folder: Path, run_id: str
    ) -> Manifest:
        manifest = make_candidate(settings, marts, folder, run_id)
        with duckdb.connect(str(folder / "marts.duckdb")) as connection:
            connection.execute(statement)
        return manifest

    patch.object(publish_run, "make_candidate", make_and_spoil).start()
