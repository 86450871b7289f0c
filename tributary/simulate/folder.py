"""Puts a finished run in its place, so that a reader never sees half of one."""

import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

PARTS = ("truth.json", "events", "reference")
"""What a run writes. The truth leaves first and arrives last: where it stands, the rest is whole.
"""


class FolderError(RuntimeError):
    """A target folder that cannot be written."""


def check_target(target: Path, force: bool) -> None:
    """Refuses a target that holds something, unless the run may replace it."""
    if target.exists() and not target.is_dir():
        raise FolderError(f"--out is {target}, and that is a file; name a folder.")
    if target.is_dir() and any(target.iterdir()) and not force:
        raise FolderError(
            f"--out is {target}, and that folder is not empty; "
            "name another one, or add --force to replace its events, reference and truth.json."
        )


@contextmanager
def staged(target: Path) -> Iterator[Path]:
    """Gives a hidden folder beside the target; on success its content moves to the target.

    A new or empty target appears in one rename. In a folder that holds other files only the parts
    of a
    run are replaced. When the run fails or is told to stop, the hidden folder is removed.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        made = tempfile.mkdtemp(prefix=f".{target.name}-", suffix=".partial", dir=target.parent)
    except OSError as failed:
        raise FolderError(
            f"--out is {target}, which cannot be made: {failed.strerror}."
        ) from failed
    stage = Path(made)
    before = signal.signal(signal.SIGTERM, _stop)
    try:
        fresh = stage / "new"
        fresh.mkdir()
        yield fresh
        _move(fresh, target, stage / "old")
    finally:
        signal.signal(signal.SIGTERM, before)
        shutil.rmtree(stage, ignore_errors=True)


def _stop(number: int, frame: FrameType | None) -> None:
    """Turns a request to stop into an exit that still cleans up."""
    raise SystemExit(128 + number)


def _move(fresh: Path, target: Path, old: Path) -> None:
    if not target.exists() or not any(target.iterdir()):
        fresh.replace(target)
        return
    old.mkdir()
    for part in PARTS:
        if (target / part).exists():
            (target / part).replace(old / part)
    for part in reversed(PARTS):
        (fresh / part).replace(target / part)
