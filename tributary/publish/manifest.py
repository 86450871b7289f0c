"""What a publication says of itself."""

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

from pydantic import BaseModel

from tributary.publish.places import MANIFEST


class PublishedTable(BaseModel):
    """One served table.

    Attributes:
        rows: how many it has.
        digest: the sum of a 64-bit hash of each row, as text: equal for equal rows in any order.
    """

    rows: int
    digest: str


class PublishedFile(BaseModel):
    """One file of a publication.

    Attributes:
        bytes: its size.
        sha256: of its bytes, hexadecimal.
    """

    bytes: int
    sha256: str


class InputPartition(BaseModel):
    """The files of one event log on one day of arrival that had been taken in.

    Attributes:
        event_table: the log.
        landed_on: the day that their folder names; None where they lie in no folder by day.
        files: how many.
        bytes: of all of them.
        fingerprint: of their names, sizes and times of change.
    """

    event_table: str
    landed_on: date | None
    files: int
    bytes: int
    fingerprint: str


class CodeVersion(BaseModel):
    """Which code made it.

    Attributes:
        version: of the package.
        commit: of the checkout; None where it is none.
        models: a fingerprint of the models, macros, variables and audit rules.
    """

    version: str
    commit: str | None
    models: str


class AuditVerdict(BaseModel):
    """How the audit ended.

    Attributes:
        rules: how many were held against the candidate, each counted once.
        warnings: the rules that did not hold and do not keep it from being published.
    """

    rules: int
    warnings: list[str]


class Manifest(BaseModel):
    """A publication.

    Attributes:
        run_id: the run that made it, and its name.
        made_at: when it was put together, UTC.
        code: which code made it.
        events: the folder or bucket that it was made from.
        currency: of the revenue.
        revenue: of all days and surfaces, exact.
        first_day: first day of the marts; None where there is no row.
        last_day: last day of the marts.
        tables: the served tables by name.
        files: every file beside the manifest, by its path.
        inputs: what it was made from.
        audit: how its audit ended.
        tests_warned: the tests of its build that warned.
    """

    run_id: str
    made_at: datetime
    code: CodeVersion
    currency: str
    revenue: Decimal
    first_day: date | None
    last_day: date | None
    tables: dict[str, PublishedTable]
    files: dict[str, PublishedFile] = {}
    events: str = ""
    inputs: list[InputPartition] = []
    audit: AuditVerdict | None = None
    tests_warned: list[str] = []

    def write(self, folder: Path) -> None:
        """Put it beside what it describes."""
        (folder / MANIFEST).write_text(self.model_dump_json(indent=2) + "\n", encoding="utf-8")


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a publication.

    Raises:
        OSError: there is none.
        ValueError: it is not one.
    """
    return Manifest.model_validate_json((folder / MANIFEST).read_text("utf-8"))
