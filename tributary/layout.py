"""Where raw tables lie in the folder of the events, and whether it is the right folder."""

from pathlib import Path

import yaml

REFERENCE = "reference"


def fault_of_folder(project: Path, folder: Path) -> str | None:
    """Why a folder of event logs is one level too deep; None: it is not.

    The logs would be read all the same, and what stands beside their folder would not: every charge
    in a currency that needs a rate would go to the quarantine.
    """
    beside = folder.parent / REFERENCE
    # Looked for first: it is hardly ever there, and what is declared need not be read then.
    if not beside.is_dir() or not _holds(beside, _tables(project, REFERENCE)):
        return None
    if not _holds(folder, _tables(project, "events")) or has_reference(project, folder):
        return None
    return (
        f"{folder} has the event logs, and {beside} their reference tables, which would not be "
        f"read. Give the folder of both: --events {folder.parent}"
    )


def has_reference(project: Path, folder: Path) -> bool:
    """Whether a reference table lies in the folder of the events, or in `reference/` beneath it."""
    tables = _tables(project, REFERENCE)
    return _holds(folder / REFERENCE, tables) or _holds(folder, tables)


def _holds(folder: Path, tables: set[str]) -> bool:
    """A file or folder there is named after a table."""
    return folder.is_dir() and any(place.name.split(".")[0] in tables for place in folder.iterdir())


def _tables(project: Path, kind: str) -> set[str]:
    file = project / "models" / "staging" / kind / f"_{kind}__sources.yml"
    declared = yaml.safe_load(file.read_text("utf-8"))["sources"]
    return {table["name"] for source in declared for table in source["tables"]}
