"""Fixtures: built warehouses, each made once, by the project's own command."""

import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from one_path import ONE_PATH, TARGETS, at_one_path
from receiver import Receiver
from warm import command

from tributary.dashboard.site import write_site
from tributary.settings import Settings, without_events

ROOT = Path(__file__).resolve().parents[2]
THE_WAREHOUSE = "<the warehouse>"
"""Its path, in what one process saved for the others."""
OF_THE_TESTS = ("TRIBUTARY_REAL_LOGS", "TRIBUTARY_THREADS")
"""Settings that hold for every test."""
LONGEST = (
    "test_spark_parity",
    "test_incremental_equals_full",
    "test_fault_drill",
    "test_garbage_is_refused",
    "test_late_and_long_away",
    "test_scheduler",
)


def pytest_configure() -> None:
    """Tests that run side by side do not share what dbt keeps of the project."""
    # Some processes test side by side; one statement at a time takes an eighth less processor time.
    os.environ["TRIBUTARY_THREADS"] = "1"
    os.environ["DBT_TARGET_PATH"] = str(TARGETS)
    os.environ["DBT_LOG_PATH"] = str(TARGETS / "logs")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files come first, so that the processes end at about the same time."""
    of_file = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: of_file.get(item.path.stem, len(LONGEST)))


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(autouse=True)
def _clean_settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No test inherits, or leaves behind, a setting of the shell that runs it."""
    for name in [name for name in os.environ if name.startswith("TRIBUTARY_")]:
        if name not in OF_THE_TESTS:
            monkeypatch.delenv(name)
    yield


Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def tributary() -> Command:
    """Run the command line in a process of its own: `tributary('run', '--events', folder)`."""

    def run(*arguments: object, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
        given = list(arguments)
        if "--warehouse" in given:
            place = given.index("--warehouse") + 1
            given[place] = at_one_path(Path(str(given[place])))
        environment = {
            k: v
            for k, v in os.environ.items()
            if not k.startswith("TRIBUTARY_") or k in OF_THE_TESTS
        }
        return command(
            [str(argument) for argument in given], cwd, {**environment, "COLUMNS": "200"}
        )

    return run


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A webhook that remembers what it was sent."""
    made = Receiver()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture(scope="session")
def seeds_run(
    tributary: Command, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """A build of the default seeds with every check, and what the command printed.

    Processes that share the tests share the build, and each has a copy of its own.
    """
    own = tmp_path_factory.mktemp("seeds")
    alone = "PYTEST_XDIST_WORKER" not in os.environ
    shared = (own if alone else tmp_path_factory.getbasetemp().parent) / "built_seeds"
    shared.mkdir(exist_ok=True)
    said = shared / "said.json"
    with (shared / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not said.exists():
            outcome = tributary("run", "--warehouse", shared / "warehouse")
            assert outcome.returncode == 0, outcome.stdout + outcome.stderr
            words = json.dumps([outcome.stdout, outcome.stderr])
            said.write_text(words.replace(str(ONE_PATH), THE_WAREHOUSE), "utf-8")
    shutil.copytree(shared / "warehouse", own / "warehouse", symlinks=True)
    out, err = json.loads(said.read_text("utf-8").replace(THE_WAREHOUSE, str(ONE_PATH)))
    return own / "warehouse", subprocess.CompletedProcess([], 0, out, err)


@pytest.fixture(scope="session")
def built_warehouse(seeds_run: tuple[Path, subprocess.CompletedProcess[str]]) -> Path:
    """The DuckDB file of that build."""
    return seeds_run[0] / "build.duckdb"


@pytest.fixture(scope="session")
def settings(seeds_run: tuple[Path, subprocess.CompletedProcess[str]]) -> Settings:
    """Of a reader of that build's publication."""
    return without_events(seeds_run[0])


@pytest.fixture(scope="session")
def site(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages of it."""
    folder = tmp_path_factory.mktemp("site")
    write_site(settings, folder)
    return folder


def unit_tests_passed(
    warehouse: Path, select: str, source: str = "events", events: str = "seeds"
) -> int:
    """How many of dbt's unit tests pass, against a finished build; fails where one does not."""
    outcome = subprocess.run(
        [
            *(sys.executable, "-m", "dbt.cli.main", "--no-use-colors", "test"),
            *("--select", f"{select},test_type:unit"),
            *("--target-path", str(TARGETS if source == "events" else TARGETS / source)),
            *("--log-path", str(warehouse / "logs")),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
        env={
            **os.environ,
            "TRIBUTARY_EVENTS": events,
            "TRIBUTARY_SOURCE": source,
            "TRIBUTARY_WAREHOUSE": str(at_one_path(warehouse)),
        },
    )
    assert outcome.returncode == 0, outcome.stdout
    counts = re.search(r"Done\. PASS=(\d+)", outcome.stdout)
    assert counts, outcome.stdout
    return int(counts[1])
