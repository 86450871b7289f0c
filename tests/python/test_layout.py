"""The folder of the events is the one that has the reference tables, too, or that is said."""

import shutil
from pathlib import Path

import pytest
from rich.console import Console

from tributary.build import BuildResult
from tributary.publish.run import begun, build_marts
from tributary.settings import SettingsError, resolve


@pytest.fixture
def platform(tmp_path: Path) -> Path:
    folder = tmp_path / "platform"
    for name in ("events/requests.csv", "reference/fx_rates.csv"):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).touch()
    return folder


def test_one_level_too_deep_is_refused_with_the_right_folder(platform: Path) -> None:
    with pytest.raises(SettingsError) as refused:
        resolve(events=str(platform / "events"))
    assert str(refused.value).endswith(f"Give the folder of both: --events {platform}")
    assert resolve(events=str(platform)).events == str(platform)


def test_logs_that_have_their_reference_tables_with_them_are_not_too_deep(platform: Path) -> None:
    logs = platform / "events"
    shutil.copy(platform / "reference" / "fx_rates.csv", logs)
    assert not resolve(events=str(logs)).lacks_reference


def test_a_folder_of_other_things_beside_a_reference_is_none_of_it(platform: Path) -> None:
    (platform / "project").mkdir()
    assert resolve(events=str(platform / "project")).lacks_reference


@pytest.mark.parametrize("is_there", [True, False])
def test_where_there_is_no_reference_table_that_is_said(
    platform: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_there: bool
) -> None:
    if not is_there:
        shutil.rmtree(platform / "reference")
    monkeypatch.setattr("tributary.publish.run.run_build", lambda *_: BuildResult())
    console = Console(record=True, width=400)
    settings = resolve(events=str(platform), warehouse=tmp_path / "warehouse")
    with begun(settings, console) as at_work:
        build_marts(at_work, [], verbose=False)
    assert ("No reference table" in console.export_text()) is not is_there
