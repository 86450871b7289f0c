"""Copies of the project, to be changed by a test, or with few of its tests."""

import shutil
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("models", "macros", "tests", "analyses")
FILES = ("audit.yml", "dbt_project.yml", "profiles.yml")


def project_copy(folder: Path) -> Path:
    """The project as dbt and the audit read it, in a new folder."""
    for name in FOLDERS:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("python"))
    for name in FILES:
        shutil.copy(ROOT / name, folder / name)
    return folder


def project_with_tests_of(folder: Path, layer: str, part: str) -> Path:
    """A copy with the data tests of one part of one layer, such as marts and revenue.

    Hundreds of tests take longer than most of what is tested.
    """
    project_copy(folder)
    tested = {"+enabled": False, layer: {part: {"+enabled": True}}}
    with (folder / "dbt_project.yml").open("a", encoding="utf-8") as file:
        file.write("\n" + yaml.safe_dump({"data_tests": {"tributary": tested}}))
    return folder
