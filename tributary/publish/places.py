"""Where a warehouse keeps what it publishes."""

from dataclasses import dataclass
from pathlib import Path

DATABASE = "marts.duckdb"
TABLES = "marts"
MANIFEST = "manifest.json"
_CANDIDATE = ".candidate-"


@dataclass(frozen=True)
class Places:
    """The fixed names inside a warehouse folder.

    `marts.duckdb` and `marts/` lead through one link, `publications/current`, to the folder of the
    publication that is served: replacing that link publishes the database and the Parquet files
    in one step.

    Attributes:
        warehouse: the folder itself.
    """

    warehouse: Path

    @property
    def build_database(self) -> Path:
        """The database that a build writes and no reader opens."""
        return self.warehouse / "build.duckdb"

    @property
    def served_database(self) -> Path:
        """What readers open."""
        return self.warehouse / DATABASE

    @property
    def served_tables(self) -> Path:
        """The same tables as Parquet: `<table>/<table>.parquet`."""
        return self.warehouse / TABLES

    @property
    def publications(self) -> Path:
        """A folder for each publication that is kept."""
        return self.warehouse / "publications"

    @property
    def current(self) -> Path:
        """The link to the publication that is served."""
        return self.publications / "current"

    @property
    def runs(self) -> Path:
        """A folder for each run: its report, and the page of its audit."""
        return self.warehouse / "runs"

    @property
    def lock(self) -> Path:
        """The file that one run at a time holds."""
        return self.warehouse / "run.lock"

    def publication(self, identifier: str) -> Path:
        """The folder of one publication."""
        return self.publications / identifier

    def candidate(self, run_id: str) -> Path:
        """Where a run puts together what it may publish."""
        return self.publications / f"{_CANDIDATE}{run_id}"

    def candidates(self) -> list[Path]:
        """What runs left there that did not come to publish it."""
        return sorted(self.publications.glob(f"{_CANDIDATE}*"))
