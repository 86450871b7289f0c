"""What plain dbt does before it opens the warehouse, which has to be in a folder.

`profiles.yml` names this module as a plugin of dbt-duckdb. A hook of the project would come too
late: the connection that it runs on is open by then.
"""

from pathlib import Path
from typing import Any

from dbt.adapters.duckdb.plugins import BasePlugin
from dbt_common.exceptions import DbtRuntimeError


class Plugin(BasePlugin):
    """Makes the folder of the database, where there is none yet."""

    def update_connection_config(self, creds: Any, config: dict[str, Any]) -> None:
        """Called with the credentials before the database is opened; the config stays as it is."""
        if creds.path == ":memory:":
            return
        folder = Path(creds.path).parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as failed:
            raise DbtRuntimeError(
                f"The warehouse {folder} cannot be made: {failed.strerror}. Name a folder that can "
                "be written with TRIBUTARY_WAREHOUSE."
            ) from failed
