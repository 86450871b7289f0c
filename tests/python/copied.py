"""A copy of the project with few of its tests: hundreds of them take longer than what is tested."""

import shutil
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
PARTS = (
    *("models", "macros", "tests/generic", "analyses"),
    *("audit.yml", "dbt_project.yml", "profiles.yml"),
)


def project_with_tests_of(folder: Path, layer: str, part: str) -> Path:
    """The project, with the data tests of one part of one layer, such as marts and revenue."""
    for name in PARTS:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, folder / name)
    tested = {"+enabled": False, layer: {part: {"+enabled": True}}}
    with (folder / "dbt_project.yml").open("a", encoding="utf-8") as file:
        file.write("\n" + yaml.safe_dump({"data_tests": {"tributary": tested}}))
    return folder
