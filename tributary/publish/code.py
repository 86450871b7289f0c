"""Which code a publication was made by."""

import hashlib
import subprocess
from functools import cache
from importlib.metadata import version
from pathlib import Path

from tributary.publish.manifest import CodeVersion

_MADE_OF = ("models", "macros", "dbt_project.yml", "audit.yml")


def code_version(project: Path) -> CodeVersion:
    """The package's version, the checkout's commit and a fingerprint of what makes the marts."""
    return CodeVersion(
        version=version("tributary"), commit=_commit(project), models=_fingerprint(project)
    )


@cache
def _commit(project: Path) -> str | None:
    """The commit, with a mark where files differ from it; None without git or a checkout."""
    try:
        described = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"],
            cwd=project,
            capture_output=True,
            text=True,
            timeout=30,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return described.stdout.strip() or None


def _fingerprint(project: Path) -> str:
    found = hashlib.sha256()
    for part in _MADE_OF:
        place = project / part
        for file in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if file.is_file():
                found.update(f"{file.relative_to(project)}\0".encode())
                found.update(file.read_bytes())
    return found.hexdigest()[:16]
