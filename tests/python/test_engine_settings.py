"""The profile's settings of the engine."""

import os
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from dbt.adapters.duckdb.credentials import DuckDBCredentials
from dbt.adapters.duckdb.environments import create
from dbt.adapters.duckdb.environments.local import LocalEnvironment
from dbt_common.exceptions import DbtRuntimeError
from jinja2 import Environment
from one_path import at_one_path
from rich.console import Console
from tiny import tiny_platform, write_platform

from tributary.build import run_build
from tributary.settings import resolve

SORT_OF_200_MB = (
    "create temp table sorted as "
    "select hash(range) as key, hash(range + 1) as value from range(12000000) order by key"
)


def as_plain_dbt_opens_it(root: Path, target: str = "duckdb") -> Any:
    """The engine under the profile, with the settings that the environment holds."""
    environment = Environment()
    # dbt's own filter; a profile is read as YAML, which knows a number.
    environment.filters["as_number"] = str
    template = environment.from_string((root / "profiles.yml").read_text("utf-8"))
    profile = template.render(env_var=os.environ.get)
    output = yaml.safe_load(profile)["tributary"]["outputs"][target]
    return create(DuckDBCredentials.from_dict(output))


def test_a_build_goes_on_after_it_has_spilled(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each connection of a build is set up again, also after one of them wrote to the spill."""
    monkeypatch.setenv("TRIBUTARY_WAREHOUSE", str(tmp_path))
    monkeypatch.setenv("TRIBUTARY_MEMORY_LIMIT", "100MB")
    environment = as_plain_dbt_opens_it(root)
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


def test_a_run_opens_the_database_once_and_closes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []
    open_database = LocalEnvironment.initialize_db

    def counted(*arguments: Any) -> Any:
        opened.append(arguments)
        return open_database(*arguments)

    monkeypatch.setattr(LocalEnvironment, "initialize_db", staticmethod(counted))
    events = write_platform(tiny_platform(), tmp_path / "platform")
    settings = resolve(events=str(events), warehouse=at_one_path(tmp_path / "warehouse"))
    of_a_few = ["--select", "path:models/staging/reference"]
    assert run_build(settings, of_a_few, Console(), verbose=False).succeeded
    assert len(opened) == 1
    # Another process could write to it now: so can another connection of this one.
    with duckdb.connect(str(settings.build_database)) as connection:
        connection.execute("create schema made_afterwards")


def test_plain_dbt_makes_the_folder_of_its_warehouse(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse = tmp_path / "of" / "another" / "place"
    monkeypatch.setenv("TRIBUTARY_WAREHOUSE", str(warehouse))
    in_memory = as_plain_dbt_opens_it(root, "lint")
    in_memory.handle()
    in_memory.close()
    assert not warehouse.exists()
    environment = as_plain_dbt_opens_it(root)
    environment.handle().cursor().execute("create table made as select 1 as one")
    environment.close()
    assert (warehouse / "build.duckdb").is_file()


def test_a_warehouse_that_cannot_be_made_is_named(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a_file").write_text("")
    monkeypatch.setenv("TRIBUTARY_WAREHOUSE", str(tmp_path / "a_file" / "warehouse"))
    with pytest.raises(DbtRuntimeError, match="a_file/warehouse cannot be made: Not a directory"):
        as_plain_dbt_opens_it(root).handle()
