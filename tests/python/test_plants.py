"""Planted causes: what is refused, that other days stay, and that the factor moves as asked."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
import typer
from typer.testing import CliRunner

from tributary.simulate.command import simulate
from tributary.simulate.plants import FACTORS, parse_plant
from tributary.simulate.run import run
from tributary.simulate.settings import Plant, Settings, SettingsError

START = date(2026, 10, 19)
DAY = date(2026, 10, 20)
USUAL = {
    "factor": "ctr2",
    "where": "surface:search;device_type:phone",
    "size": "-30%",
    "day": "2026-10-20",
}
TABLES = ("requests", "impressions", "clicks", "actions", "charges")
PLANTS = {
    "requests": "factor=requests,where=surface:search,size=-40%,day=2026-10-20",
    "pvr": "factor=pvr,where=device_type:desktop,size=-30%,day=2026-10-20",
    "asn": "factor=asn,where=app_id:reel,size=+40%,day=2026-10-20",
    "ctr2": "factor=ctr2,where=user_type:known,size=-25%,day=2026-10-20",
    "acp": "factor=acp,where=device_type:phone,size=+50%,day=2026-10-20",
}

app = typer.Typer()
app.command()(simulate)


def text(**changes: str | None) -> str:
    """A plant as it is asked for, with some parts changed or left out."""
    parts = {**USUAL, **changes}
    return ",".join(f"{name}={value}" for name, value in parts.items() if value is not None)


def test_a_plant_is_read_whatever_the_order_and_the_spaces() -> None:
    where = (("surface", "search"), ("device_type", "phone"))
    read = Plant("ctr2", where, -0.3, DAY)
    assert parse_plant(text()) == read
    assert parse_plant(text(where="device_type: phone ;surface:search")) == read
    assert parse_plant(", ".join(reversed(text().split(",")))) == read
    assert parse_plant(text(size="+12.5%")).size == 0.125


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (text(size=None), "cannot be planted: it lacks size. Write 'factor="),
        (text(weight="1"), "cannot be planted: it has weight. Write 'factor="),
        ("ctr2", "cannot be read: 'ctr2' is no name=value. Write 'factor="),
        (text() + ",size=-20%", "cannot be read: 'size=-20%' comes twice."),
        (text(factor="revenue"), "the factor 'revenue'; give one of requests, pvr, asn, ctr2, acp"),
        (text(day="20.10.2026"), "the day '20.10.2026'; write it as 2027-01-12"),
        (text(where="planet:mars"), "'planet:mars' in where; write each dimension once"),
        (text(where="surface"), "'surface' in where; write each dimension once"),
        (text(where="surface:search;surface:local"), "'surface:local' in where; write each"),
        (text(where="device_type:fridge"), "the device_type 'fridge'; give one of "),
        (text(size="30"), "the size '30'; write a change in percent, such as -30%"),
        (text(size="0%"), "the size '0%'; write a change in percent"),
        (text(size="-100%"), "not 0%, above -100% and at most 300%"),
        (text(size="301%"), "not 0%, above -100% and at most 300%"),
    ],
)
def test_what_cannot_be_planted_is_refused_in_words(asked: str, says: str) -> None:
    with pytest.raises(SettingsError) as refused:
        parse_plant(asked)
    assert str(refused.value).startswith("--plant ")
    assert says in str(refused.value)


def test_a_day_that_is_not_simulated_cannot_be_planted_on() -> None:
    plants = (parse_plant(text()),)
    with pytest.raises(SettingsError, match="the day 2026-10-20; give a day from 2026-10-21 to"):
        Settings(days=3, start_date=date(2026, 10, 21), plants=plants)
    with pytest.raises(SettingsError, match="but not the missing one"):
        Settings(days=3, start_date=START, missing_day=DAY, plants=plants)


def test_the_command_refuses_and_writes_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "platform"
    asked = ["--out", str(folder), "--days", "2", "--plant", text(size="none")]
    ended = CliRunner().invoke(app, asked)
    assert ended.exit_code == 2
    assert "Error: --plant has the size 'none'; write a change in percent" in ended.output
    assert not folder.exists()


def simulated(folder: Path, first: date, days: int, requests: int, *plants: str) -> Path:
    """The logs of clean days with these causes."""
    folder.mkdir()
    planted = tuple(parse_plant(one) for one in plants)
    settings = Settings(
        days=days, start_date=first, requests_per_day=requests, clean=True, plants=planted
    )
    run(settings, folder)
    return folder


def lines_by_day(folder: Path, table: str) -> dict[str, list[bytes]]:
    """A table's lines by the day of the request that they hang on, which starts each row's id."""
    _, *rows = (folder / "events" / f"{table}.csv").read_bytes().splitlines(keepends=True)
    found: dict[str, list[bytes]] = {}
    for row in rows:
        found.setdefault(row[1:3].decode(), []).append(row)
    return found


def test_days_without_a_plant_are_byte_for_byte_as_without(tmp_path: Path) -> None:
    plain = simulated(tmp_path / "plain", START, 4, 300)
    planted = simulated(tmp_path / "planted", START, 4, 300, PLANTS["requests"], PLANTS["ctr2"])
    for table in TABLES:
        before, after = lines_by_day(plain, table), lines_by_day(planted, table)
        assert list(before) == list(after) == ["00", "01", "02", "03"]
        assert [day for day in before if before[day] != after[day]] == ["01"]
        assert len(after["01"]) < len(before["01"])
    assert "plants" not in json.loads((plain / "truth.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulated(tmp_path_factory.mktemp("plain") / "platform", DAY, 1, 20_000)


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A platform for each factor, with one cause in it."""
    return {
        factor: simulated(tmp_path_factory.mktemp(factor) / "platform", DAY, 1, 20_000, asked)
        for factor, asked in PLANTS.items()
    }


def measure(folder: Path, factor: str, where: str) -> tuple[float, int]:
    """A factor of a slice on the day, and how many events it rests on."""
    events = folder / "events"
    sql = f"""
        with requests as (
            select *, case when user_id is null then 'anonymous' else 'known' end as user_type
            from '{events}/requests.csv'
            where cast(requested_at + interval 8 hours as date) = date '{DAY}'
        ),
        ads as (
            select impressions.*
            from '{events}/impressions.csv' as impressions
            inner join requests using (request_id)
            where is_commercial and {where}
        ),
        ad_clicks as (
            select * from '{events}/clicks.csv' inner join ads using (impression_id)
            where not is_invalid
        ),
        prices as (
            select amount_micros from '{events}/charges.csv'
            inner join ad_clicks on event_id = click_id
            where charged_event = 'click' and amount_micros > 0 and currency = 'CNY'
        )
        select
            (select count(*) from requests where {where}),
            (select count(distinct request_id) from ads),
            (select count(*) from ads),
            (select count(*) from ad_clicks),
            (select count(*) from prices),
            (select sum(amount_micros) from prices)
    """
    with duckdb.connect() as connection:
        row: Any = connection.execute(sql).fetchall()[0]
    requests, pages, ads, clicks, charged, amount = row
    return {
        "requests": (float(requests), requests),
        "pvr": (pages / requests, pages),
        "asn": (ads / pages, pages),
        "ctr2": (clicks / ads, clicks),
        "acp": (float(amount) / charged, charged),
    }[factor]


@pytest.mark.parametrize("factor", FACTORS)
def test_the_factor_of_the_slice_moves_by_the_size(
    plain: Path, planted: dict[str, Path], factor: str
) -> None:
    plant = parse_plant(PLANTS[factor])
    ((dimension, value),) = plant.where
    slice_ = f"{dimension} = '{value}'"
    before, events = measure(plain, factor, slice_)
    after, events_after = measure(planted[factor], factor, slice_)
    noise = 4 * (1 + plant.size) * (1 / events + 1 / events_after) ** 0.5
    assert noise < abs(plant.size) / 2
    assert after / before - 1 == pytest.approx(plant.size, abs=noise)
    # All else of the day is as it was, but for the draws that follow.
    rest, events = measure(plain, factor, f"not ({slice_})")
    rest_after, events_after = measure(planted[factor], factor, f"not ({slice_})")
    noise = 4 * (1 / events + 1 / events_after) ** 0.5
    assert rest_after / rest == pytest.approx(1, abs=noise)


@pytest.mark.parametrize("factor", FACTORS)
def test_the_truth_tells_the_plant_and_what_came_of_it(
    plain: Path, planted: dict[str, Path], factor: str
) -> None:
    truth = json.loads((planted[factor] / "truth.json").read_text("utf-8"))
    plant = parse_plant(PLANTS[factor])
    (told,) = truth["plants"]
    assert {name: told[name] for name in plant.as_record()} == plant.as_record()
    assert told["reached"] == pytest.approx(plant.size, abs=0.05)
    ((dimension, value),) = plant.where
    requests, _ = measure(plain, "requests", f"{dimension} = '{value}'")
    assert told["requests_of_slice"] == requests
