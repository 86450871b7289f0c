"""What a command costs, with all its children: wall time, CPU, peak memory and bytes read."""

import os
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

START_FILE = "start.json"
"""Where the worker leaves what it measured of itself."""
PART_OF_MEMORY = 0.8
"""Of the machine's memory, what an engine without the build's limit may take."""
_LOOK_EVERY = 0.05


@dataclass(frozen=True)
class Cost:
    """The price of one run.

    Attributes:
        wall_s: seconds on the clock.
        cpu_s: seconds of CPU, user and system, of the process and its children.
        peak_mb: most resident memory at one time, in MB of 10^6 bytes, children included.
        read_mb: bytes that went through read calls, in MB of 10^6 bytes, cached or not.
    """

    wall_s: float
    cpu_s: float
    peak_mb: float
    read_mb: float


def most_memory_mb() -> int:
    """What a floor or a peer may take, in MB of 10^6 bytes: as much as DuckDB takes by itself."""
    return int(PART_OF_MEMORY * psutil.virtual_memory().total / 1e6)


class WorkError(Exception):
    """A measured command did not end well; the message has its last words."""


class EndedError(WorkError):
    """A measured command took more than it was given, and was ended."""


def measure(
    arguments: list[str],
    folder: Path,
    most_mb: float | None = None,
    most_s: float | None = None,
) -> Cost:
    """Run `python -m <arguments>` to its end and say what it cost.

    Args:
        arguments: the module and what it is given.
        folder: where its output goes, as `log.txt`.
        most_mb: resident memory, in MB of 10^6 bytes, beyond which it is ended: an engine without
            a limit of its own would take the machine with it.
        most_s: seconds on the clock after which it is ended.

    Raises:
        EndedError: the command took more than these limits.
        WorkError: it failed by itself.
    """
    log = folder / "log.txt"
    began = time.monotonic()
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *arguments],
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        watch = _Watch(process.pid, most_mb, most_s)
        watch.start()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.monotonic() - began
    watch.stop()
    if watch.ended:
        raise EndedError(f"ended after {wall:,.0f} s: it took more than {watch.ended}")
    if process.returncode:
        last_words = " ".join(log.read_text("utf-8", "replace").split())[-800:]
        raise WorkError(f"{' '.join(arguments)} ended with {process.returncode}: {last_words}")
    cpu = max(usage.ru_utime + usage.ru_stime, watch.cpu_s)
    return Cost(round(wall, 2), round(cpu, 2), round(watch.peak / 1e6, 1), watch.read_mb)


class _Watch(threading.Thread):
    """Looks at a process and its children until told to stop, and ends what takes too much."""

    def __init__(self, pid: int, most_mb: float | None, most_s: float | None) -> None:
        super().__init__(daemon=True)
        self._most_mb = most_mb
        self._most_s = most_s
        self._began = time.monotonic()
        self._root = psutil.Process(pid)
        self._over = threading.Event()
        self._cpu: dict[int, float] = {}
        self._read: dict[int, int] = {}
        self.peak = 0
        self.ended = ""

    @property
    def cpu_s(self) -> float:
        """CPU seconds of every process seen, as last seen."""
        return sum(self._cpu.values())

    @property
    def read_mb(self) -> float:
        """Megabytes read by every process seen, as last seen."""
        return round(sum(self._read.values()) / 1e6, 1)

    def run(self) -> None:
        """Look, and look again."""
        while not self._over.wait(_LOOK_EVERY):
            resident = 0
            for process in self._tree():
                try:
                    with process.oneshot():
                        resident += process.memory_info().rss
                        used = process.cpu_times()
                        self._cpu[process.pid] = used.user + used.system
                        self._read[process.pid] = process.io_counters().read_chars
                except psutil.Error:
                    continue
            self.peak = max(self.peak, resident)
            if self._most_mb and resident > self._most_mb * 1e6:
                self._end(f"{self._most_mb:,.0f} MB of memory")
            elif self._most_s and time.monotonic() - self._began > self._most_s:
                self._end(f"{self._most_s:,.0f} s")

    def _end(self, limit: str) -> None:
        self.ended = limit
        for process in reversed(self._tree()):
            with suppress(psutil.Error):
                process.kill()

    def stop(self) -> None:
        """Stop looking."""
        self._over.set()
        self.join()

    def _tree(self) -> list[psutil.Process]:
        try:
            return [self._root, *self._root.children(recursive=True)]
        except psutil.Error:
            return []
