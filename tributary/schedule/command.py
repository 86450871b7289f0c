"""The command that starts the schedule: a code server, the web server and the daemon, together."""

import ctypes
import errno
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from socket import AF_INET, AF_INET6, create_server
from types import FrameType
from typing import Annotated

import typer
import yaml
from rich.console import Console

from tributary.schedule.options import read_options
from tributary.settings import SettingsError, resolve
from tributary.words import refuse

DEFINITIONS = "tributary.schedule.definitions"
_LOOK_EVERY_S = 0.5
_GRACE_S = 30
_PR_SET_PDEATHSIG = 1


def schedule(
    port: Annotated[
        int, typer.Option("--port", min=1, max=65535, help="Of the web server.")
    ] = 3000,
    host: Annotated[
        str, typer.Option("--host", help="Which address it listens on; it asks for no password.")
    ] = "127.0.0.1",
    home: Annotated[
        Path | None,
        typer.Option(
            "--home",
            help="Folder of Dagster's history [env: DAGSTER_HOME; default: dagster/ in the "
            "warehouse].",
        ),
    ] = None,
) -> None:
    """Run every day, with a web page that shows each model, check and publication.

    Starts Dagster's code server, web server and daemon, and stops all of them when one of them
    ends, or on Ctrl-C. TRIBUTARY_CRON says when a run is due: 30 1 * * * unless set, in UTC.
    """
    console = Console()
    if find_spec("dagster") is None or find_spec("dagster_webserver") is None:
        refuse(console, "Dagster is not installed: uv sync --extra dagster.")
    try:
        settings = resolve()
        options = read_options(settings)
    except SettingsError as error:
        refuse(console, str(error))
    taken = _fault_of_port(host, port)
    if taken:
        refuse(console, taken)
    given = home or os.environ.get("DAGSTER_HOME") or settings.warehouse / "dagster"
    folder = Path(given).absolute()
    prepare(folder)
    console.print(
        f"http://{host}:{port} shows the schedule, once it is up; a run is due at "
        f"[bold]{options.cron}[/] UTC. History: {folder}",
        highlight=False,
        soft_wrap=True,
    )
    # A socket's path is short, wherever the history is.
    with tempfile.TemporaryDirectory(prefix="tributary-") as place:
        socket = Path(place) / "code"
        ended = _run_until_one_ends(_commands(folder, socket, host, port), folder, socket)
    if ended:
        console.print(f"[bold red]Ended:[/] {ended}. Its log is above.", highlight=False)
        raise typer.Exit(1)


def prepare(home: Path) -> None:
    """Make a folder for Dagster's history, and a dagster.yaml in it where there is none yet."""
    home.mkdir(parents=True, exist_ok=True)
    file = home / "dagster.yaml"
    if file.exists():
        return
    instance = {
        "telemetry": {"enabled": False},
        "nux": {"enabled": False},
        # Each event is in the history: the terminal need not show all of them.
        "python_logs": {"python_log_level": "INFO"},
        "event_log_storage": {
            "module": "tributary.schedule.history",
            "class": "EventLog",
            "config": {"base_dir": str(home / "history")},
        },
    }
    file.write_text(yaml.safe_dump(instance), encoding="utf-8")


def _fault_of_port(host: str, port: int) -> str | None:
    """Why the web server could not listen there; None: it can.

    By itself it says so when the code server has been up for a while, and among other news.
    """
    family = AF_INET6 if ":" in host else AF_INET
    try:
        create_server((host, port), family=family).close()
    except OSError as failed:
        if failed.errno == errno.EADDRINUSE:
            return (
                f"Another process listens at {host}:{port}: another schedule, it may be. Stop it, "
                "or name another port with --port."
            )
        return f"Nothing can listen at {host}:{port}: {failed.strerror}."
    return None


def _commands(home: Path, socket: Path, host: str, port: int) -> dict[str, list[str]]:
    workspace = home / "workspace.yaml"
    server = {"socket": str(socket), "location_name": "tributary"}
    workspace.write_text(yaml.safe_dump({"load_from": [{"grpc_server": server}]}), "utf-8")
    python = [sys.executable, "-m"]
    return {
        "the code server": [
            *(*python, "dagster", "api", "grpc", "--socket", str(socket)),
            *("--module-name", DEFINITIONS, "--location-name", "tributary"),
            *("--log-level", "warning"),
        ],
        "the web server": [
            *(*python, "dagster_webserver", "--workspace", str(workspace)),
            *("--host", host, "--port", str(port), "--dagster-log-level", "warning"),
        ],
        "the daemon": [
            *(*python, "dagster._daemon", "run", "--workspace", str(workspace)),
            *("--log-level", "warning"),
        ],
    }


def _run_until_one_ends(commands: dict[str, list[str]], home: Path, socket: Path) -> str | None:
    """Start processes, and stop all of them when one ends.

    Args:
        commands: by name; the first listens at the socket, which the others ask.
        home: folder of Dagster's history.
        socket: where the code server listens.

    Returns:
        Which of them ended by itself; None: this process was told to stop.
    """
    environment = {**os.environ, "DAGSTER_HOME": str(home), "DAGSTER_DISABLE_TELEMETRY": "yes"}
    running: dict[str, subprocess.Popen[bytes]] = {}
    stoppable = _stoppable()
    try:
        with _told_to_stop():
            for name, command in commands.items():
                running[name] = subprocess.Popen(
                    command, env=environment, start_new_session=True, preexec_fn=stoppable
                )
                # Whoever asks the code server before it listens asks again a minute later.
                while not socket.exists() and not _ended(running):
                    time.sleep(_LOOK_EVERY_S)
            while not _ended(running):
                time.sleep(_LOOK_EVERY_S)
            return _ended(running)
    except KeyboardInterrupt:
        return None
    finally:
        # The code server last: the runs are its children.
        for process in reversed(running.values()):
            _stop(process)


def _stoppable() -> Callable[[], None]:
    """What a child does first, so that it can be told to stop, and is where its parent is killed.

    Dagster takes SIGTERM for SIGINT, which a shell has a command in the background ignore. Of a
    parent's end only Linux tells.
    """
    prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None

    def prepare_child() -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        if prctl:
            prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)

    return prepare_child


def _ended(running: dict[str, "subprocess.Popen[bytes]"]) -> str | None:
    for name, process in running.items():
        if process.poll() is not None:
            return f"{name}, with exit code {process.returncode}"
    return None


@contextmanager
def _told_to_stop() -> Iterator[None]:
    """SIGTERM, which a service manager sends, means what Ctrl-C means."""

    def interrupt(signal_number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(_GRACE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
