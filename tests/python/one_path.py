"""Every test's warehouse under one name: dbt reads the whole project anew where the path of its
database changes, and that takes longer than most of what is tested."""

from pathlib import Path

ONE_PATH = Path(__file__).resolve().parents[2] / "target" / "warehouse_of_a_test"


def at_one_path(warehouse: Path) -> Path:
    """The folder, made if it is not there, by the name that all of them have in turn."""
    warehouse.mkdir(parents=True, exist_ok=True)
    ONE_PATH.parent.mkdir(exist_ok=True)
    ONE_PATH.unlink(missing_ok=True)
    ONE_PATH.symlink_to(warehouse, target_is_directory=True)
    return ONE_PATH
