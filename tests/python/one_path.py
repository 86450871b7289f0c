"""Every test's warehouse under one name: dbt reads the whole project anew where the path of its
database changes, and that takes longer than most of what is tested."""

import os
from pathlib import Path

TARGETS = (
    Path(__file__).resolve().parents[2]
    / "target"
    / f"of_tests_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"
)
"""What dbt keeps of the project, per process that runs tests."""
ONE_PATH = TARGETS / "warehouse"


def at_one_path(warehouse: Path) -> Path:
    """The folder, made if it is not there, by the name that all of them have in turn."""
    warehouse.mkdir(parents=True, exist_ok=True)
    ONE_PATH.parent.mkdir(parents=True, exist_ok=True)
    ONE_PATH.unlink(missing_ok=True)
    ONE_PATH.symlink_to(warehouse, target_is_directory=True)
    return ONE_PATH
