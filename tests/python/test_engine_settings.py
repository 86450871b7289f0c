"""The profile's settings of the engine."""

import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from dbt.adapters.duckdb.credentials import DuckDBCredentials
from dbt.adapters.duckdb.environments import create
from jinja2 import Template

SORT_OF_200_MB = (
    "create temp table sorted as "
    "select hash(range) as key, hash(range + 1) as value from range(12000000) order by key"
)


def test_a_build_goes_on_after_it_has_spilled(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each connection of a build is set up again, also after one of them wrote to the spill."""
    monkeypatch.setenv("TRIBUTARY_WAREHOUSE", str(tmp_path))
    monkeypatch.setenv("TRIBUTARY_MEMORY_LIMIT", "100MB")
    profile = Template((root / "profiles.yml").read_text("utf-8")).render(env_var=os.environ.get)
    output = yaml.safe_load(profile)["tributary"]["outputs"]["duckdb"]
    environment: Any = create(DuckDBCredentials.from_dict(output))
    first = environment.handle()
    first.cursor().execute(SORT_OF_200_MB)
    assert list((tmp_path / "spill").iterdir())
    second = environment.handle().cursor()
    settings = dict(
        second.execute(
            "select name, value from duckdb_settings() where name in "
            "('memory_limit', 'temp_directory', 'TimeZone', 'preserve_insertion_order')"
        ).fetchall()
    )
    environment.close()
    assert settings["memory_limit"] == "95.3 MiB"
    assert settings["temp_directory"] == str(tmp_path / "spill")
    assert (settings["TimeZone"], settings["preserve_insertion_order"]) == ("UTC", "false")
