"""Platforms that the simulator makes, and what of one has arrived by a day."""

import re
import shutil
from datetime import date, timedelta
from pathlib import Path

from typer.testing import CliRunner

from tributary.cli import app

FIRST_DAY = date(2026, 10, 19)


def simulated(folder: Path, *arguments: str) -> Path:
    """A platform in a new folder."""
    outcome = CliRunner().invoke(app, ["simulate", "--out", str(folder), *arguments])
    assert outcome.exit_code == 0, outcome.output
    return folder


def deliver(whole: Path, platform: Path, days: int) -> Path:
    """What has arrived after so many days: the name of a late file says when it came."""
    shutil.copytree(whole / "reference", platform / "reference", dirs_exist_ok=True)
    end = FIRST_DAY + timedelta(days=days)
    for file in (whole / "events").rglob("part-*.parquet"):
        came_late = re.search(r"-arrived-(\d{4}-\d\d-\d\d)", file.name)
        made_on = FIRST_DAY + timedelta(days=int(file.name[5:9]))
        came_on = date.fromisoformat(came_late[1]) if came_late else made_on
        target = platform / file.relative_to(whole)
        if came_on < end and not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file, target)
    return platform
