"""Input that cannot be read ends the run with the file, the place and the remedy, and leaves
nothing.
"""

import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from one_path import at_one_path
from tiny import tiny_platform, write_platform
from typer.testing import CliRunner, Result

from tributary.cli import app
from tributary.csv_faults import find_csv_fault
from tributary.words import REFUSED


def _events(folder: Path, table: str) -> Path:
    return folder / "events" / f"{table}.csv"


def _empty_file(folder: Path) -> None:
    _events(folder, "clicks").write_text("")


def _missing_column(folder: Path) -> None:
    file = _events(folder, "charges")
    file.write_text(file.read_text().replace("amount_micros", "amount", 1))


def _wrong_type(folder: Path) -> None:
    file = _events(folder, "charges")
    file.write_text(file.read_text().replace("1500000", "one and a half"))


def _stray_quote(folder: Path) -> None:
    file = _events(folder, "clicks")
    file.write_text(file.read_text() + 'k2,i2,"2026-10-19 01:00:09,false,,2026-10-19 03:00:00\n')


def _too_few_values(folder: Path) -> None:
    file = _events(folder, "clicks")
    file.write_text(file.read_text() + "k2,i2,2026-10-19 01:00:09\n")


def _no_folder(folder: Path) -> None:
    for file in (folder / "events").iterdir():
        file.unlink()


def _no_rows(folder: Path) -> None:
    file = _events(folder, "requests")
    file.write_text(file.read_text().splitlines()[0] + "\n")


def _truncated_parquet(folder: Path) -> None:
    table = _as_parquet(folder, "charges", "*")
    table.write_bytes(table.read_bytes()[:-20])


def _float_money(folder: Path) -> None:
    _as_parquet(folder, "charges", "* replace (cast(amount_micros as double) as amount_micros)")


def _later_file_without_a_column(folder: Path) -> None:
    first = _as_parquet(folder, "clicks", "*")
    later = first.with_name("part2.parquet")
    duckdb.sql(f"copy (select * exclude (is_invalid) from '{first}') to '{later}'")


def _later_file_with_float_money(folder: Path) -> None:
    first = _as_parquet(folder, "charges", "*")
    later = first.with_name("part2.parquet")
    duckdb.sql(
        "copy (select * replace (cast(amount_micros as double) as amount_micros) "
        f"from '{first}') to '{later}'"
    )


def _two_layouts(folder: Path) -> None:
    text = _events(folder, "clicks").read_text()
    _as_parquet(folder, "clicks", "*")
    _events(folder, "clicks").write_text(text)


def _tiny_parquet(folder: Path) -> None:
    _as_parquet(folder, "charges", "*").write_bytes(b"PAR1")


def _other_line_ends(folder: Path) -> None:
    file = _events(folder, "clicks")
    lines = file.read_bytes().replace(b"\r\n", b"\n")
    file.write_bytes(lines + b"k2,i2,2026-10-19 01:00:09,false,,2026-10-19 03:00:00\r\n")


def _semicolons(folder: Path) -> None:
    file = _events(folder, "clicks")
    file.write_text(file.read_text().replace(",", ";"))


def _column_twice(folder: Path) -> None:
    file = _events(folder, "clicks")
    file.write_text(file.read_text().replace("invalid_reason", "is_invalid"))


def _not_utf8(folder: Path) -> None:
    file = _events(folder, "clicks")
    file.write_bytes(file.read_bytes().replace(b"i1", b"\xe9"))


def _later_csv_without_a_column(folder: Path) -> None:
    file = _events(folder, "clicks")
    (folder / "events" / "clicks").mkdir()
    first = folder / "events" / "clicks" / "part1.csv"
    file.rename(first)
    first.with_name("part2.csv").write_text(
        "click_id,impression_id,clicked_at,is_invalid,ingested_at\n"
        "k2,i2,2026-10-19 01:00:09,false,2026-10-19 03:00:00\n"
    )


def _quote_within_a_value(folder: Path) -> None:
    file = _events(folder, "requests")
    file.write_text(file.read_text().replace("u1", 'u"1'))


def _compressed(folder: Path) -> None:
    file = _events(folder, "clicks")
    file.write_bytes(gzip.compress(file.read_bytes()))


def _nested(folder: Path) -> None:
    _as_parquet(folder, "clicks", "* replace ({'id': click_id} as click_id)")


def _beside(day: str) -> Callable[[Path], None]:
    """Clicks lie by day, and some of them in a folder of another name."""

    def spoil(folder: Path) -> None:
        first = _as_parquet(folder, "clicks", "*")
        other = first.parents[1] / day / "other.parquet"
        other.parent.mkdir(exist_ok=True)
        other.write_bytes(first.read_bytes())

    return spoil


def _impossible_day(folder: Path) -> None:
    file = _as_parquet(folder, "clicks", "*")
    file.parent.rename(file.parents[1] / "dt=2026-13-45")


def _as_parquet(folder: Path, table: str, columns: str, day: str = "dt=2026-10-19") -> Path:
    source = _events(folder, table)
    target = folder / "events" / table / day / "part.parquet"
    target.parent.mkdir(parents=True)
    duckdb.sql(f"copy (select {columns} from read_csv('{source}')) to '{target}'")
    source.unlink()
    return target


GARBAGE: dict[str, tuple[Callable[[Path], None], list[str]]] = {
    "an empty file": (
        _empty_file,
        ["events/clicks.csv", "is empty", "Write click_id,impression_id"],
    ),
    "a missing column": (
        _missing_column,
        ["events/charges.csv", "amount_micros", "Write the file"],
    ),
    "a column of another type": (
        _wrong_type,
        ["events/charges.csv", "amount_micros", "bigint", "write the values as"],
    ),
    "a stray quote": (_stray_quote, ["events/clicks.csv", "line 3", "clicked_at", "Quote values"]),
    "a quote within a value": (
        _quote_within_a_value,
        ["events/requests.csv", "line 2", "user_id", "Quote values"],
    ),
    "a compressed file": (_compressed, ["events/clicks.csv", "compressed", "Decompress"]),
    "a key that is a structure": (_nested, ["part.parquet", "click_id", "STRUCT", "as text"]),
    "a short line": (_too_few_values, ["events/clicks.csv", "line 3", "clicked_at", "3 values"]),
    "a folder with no data": (
        _no_folder,
        ['"requests"', "events/requests.csv", "TRIBUTARY_EVENTS"],
    ),
    "a table with no row": (_no_rows, ["events/requests.csv", "no row", "Export"]),
    "a Parquet file of a few bytes": (_tiny_parquet, ["part.parquet", "Copy it again"]),
    "lines of another system": (
        _other_line_ends,
        ["events/clicks.csv", "line 3", "CR LF", "End every line"],
    ),
    "semicolons": (_semicolons, ["events/clicks.csv", "Separate values by commas"]),
    "a column twice": (_column_twice, ["events/clicks.csv", "is_invalid", "twice", "once"]),
    "text that is not UTF-8": (_not_utf8, ["events/clicks.csv", "line 2", "in UTF-8"]),
    "a later CSV file without a column": (
        _later_csv_without_a_column,
        ["part2.csv", "invalid_reason", "Write"],
    ),
    "a truncated Parquet file": (
        _truncated_parquet,
        ["part.parquet", "cut short", "Copy it again"],
    ),
    "a later file without a column": (
        _later_file_without_a_column,
        ["part2.parquet", "lacks the column is_invalid", "Write it as boolean"],
    ),
    "a later file with money stored as a float": (
        _later_file_with_float_money,
        ["part2.parquet", "DOUBLE", "amount_micros", "Write it as bigint"],
    ),
    "a table in two layouts": (
        _two_layouts,
        ["clicks.csv", "clicks/**/*.parquet", "Keep one"],
    ),
    "a folder of no day": (
        _impossible_day,
        ["clicks/dt=2026-13-45/part.parquet", "no calendar has", "Rename the folder"],
    ),
    "a folder of no day beside good ones": (
        _beside("dt=2026-02-30"),
        ["clicks/dt=2026-02-30/other.parquet", "no calendar has", "Rename the folder"],
    ),
    "a day in other words": (
        _beside("dt=2026-1-5"),
        ["clicks/dt=2026-1-5/other.parquet", "in no folder by day", "<name>=YYYY-MM-DD"],
    ),
    "a file beside the folders by day": (
        _beside("."),
        ["clicks/other.parquet", "in no folder by day", "<name>=YYYY-MM-DD"],
    ),
    "folders by day of two names": (
        _beside("day=2026-10-20"),
        ["day=2026-10-20/other.parquet", "dt=2026-10-19/part.parquet", "rename the folders"],
    ),
    "money stored as a float": (_float_money, ["charges", "amount_micros", "DOUBLE", "bigint"]),
}


@pytest.mark.parametrize("garbage", GARBAGE)
def test_garbage_is_refused_by_name(garbage: str, tmp_path: Path) -> None:
    spoil, words = GARBAGE[garbage]
    folder = write_platform(tiny_platform(), tmp_path / "platform")
    spoil(folder)
    warehouse = tmp_path / "warehouse"
    outcome = CliRunner().invoke(
        app,
        ["run", "--events", str(folder), "--warehouse", str(at_one_path(warehouse))],
        terminal_width=200,
    )
    said = " ".join(outcome.output.split())
    assert outcome.exit_code == REFUSED, said
    for word in words:
        assert word in said
    assert "Traceback" not in said
    assert _left_behind(warehouse / "build.duckdb") == ([], 0)


def _built(folder: Path, warehouse: Path, model: str = "stg_events__charges") -> Result:
    """A run of one staging model: all of its input is looked at before."""
    place = ("--events", str(folder), "--warehouse", str(at_one_path(warehouse)))
    return CliRunner().invoke(app, ["run", *place, "--select", model], terminal_width=200)


def test_a_file_without_a_column_is_refused_in_a_later_run_as_in_the_first(tmp_path: Path) -> None:
    folder = write_platform(tiny_platform(), tmp_path / "platform")
    first = _as_parquet(folder, "clicks", "*")
    assert _built(folder, tmp_path / "warehouse").exit_code != REFUSED
    later = first.with_name("part2.parquet")
    duckdb.sql(f"copy (select * exclude (is_invalid) from '{first}') to '{later}'")
    outcome = _built(folder, tmp_path / "warehouse")
    said = " ".join(outcome.output.split())
    assert outcome.exit_code == REFUSED, said
    for word in ("part2.parquet", "lacks the column is_invalid", "Write it as boolean"):
        assert word in said
    assert " dt," not in said, "the folder's name is no column of the file"


def _left_behind(database: Path) -> tuple[list[str], int]:
    """Relations beside the build's own bookkeeping, and files that it counts as taken in."""
    if not database.exists():
        return [], 0
    with duckdb.connect(str(database), read_only=True) as connection:
        relations = connection.execute(
            "select table_name from information_schema.tables where table_schema <> 'state'"
        ).fetchall()
        files = connection.execute("select count(*) from state.landed_files").fetchone()
    return [row[0] for row in relations], files[0] if files else 0


def test_damaged_data_behind_a_good_footer_is_named_once(tmp_path: Path) -> None:
    folder = write_platform(tiny_platform(), tmp_path / "platform")
    file = _as_parquet(folder, "charges", "*")
    duckdb.sql(
        f"copy (select c.* from '{file}' as c, range(2000)) to '{file}.many' "
        "(format parquet, compression zstd)"
    )
    damaged = bytearray(Path(f"{file}.many").read_bytes())
    footer = int.from_bytes(damaged[-8:-4], "little") + 8
    for place in range(60, len(damaged) - footer):
        damaged[place] ^= 0xA5
    file.write_bytes(damaged)
    Path(f"{file}.many").unlink()
    outcome = CliRunner().invoke(
        app,
        ["run", "--events", str(folder), "--warehouse", str(at_one_path(tmp_path / "warehouse"))],
    )
    assert outcome.exit_code == 1, outcome.output
    assert outcome.output.count("part.parquet: It is damaged") == 1, outcome.output
    assert "Deliver it again" in outcome.output
    for words in ("Traceback", "error test", "error model", "buffer", "TProtocol", "TType"):
        assert words not in outcome.output
    (report,) = (tmp_path / "warehouse").glob("runs/*/*.json")
    assert [finding["name"] for finding in json.loads(report.read_text())["findings"]] == [
        str(file)
    ]


def test_quotes_in_pairs_are_part_of_a_value(tmp_path: Path) -> None:
    folder = write_platform(tiny_platform(), tmp_path / "platform")
    file = _events(folder, "requests")
    text = file.read_text()
    assert "u1" in text
    file.write_text(text.replace("u1", '"u ""1"", the first"'))
    _built(folder, tmp_path / "warehouse", "stg_events__requests")
    with duckdb.connect(str(tmp_path / "warehouse" / "build.duckdb"), read_only=True) as built:
        users = built.execute(
            "select distinct user_id from staging.stg_events__requests"
        ).fetchall()
    assert ('u "1", the first',) in users


def test_a_column_that_stands_in_the_folder_names_is_there(tmp_path: Path) -> None:
    folder = write_platform(tiny_platform(), tmp_path / "platform")
    stored = _as_parquet(folder, "charges", "* exclude (currency)")
    named = folder / "events" / "charges" / "currency=CNY" / "part.parquet"
    named.parent.mkdir()
    stored.rename(named)
    database = tmp_path / "warehouse" / "build.duckdb"
    outcome = CliRunner().invoke(
        app,
        [
            *("run", "--events", str(folder), "--warehouse", str(at_one_path(database.parent))),
            *("--select", "stg_events__charges"),
        ],
    )
    assert outcome.exit_code != REFUSED, outcome.output
    with duckdb.connect(str(database), read_only=True) as connection:
        rows = connection.execute("select currency from staging.stg_events__charges").fetchall()
    assert rows == [("CNY",)]


def test_the_day_of_a_row_is_that_of_the_first_folder_whatever_other_folders_say(
    tmp_path: Path,
) -> None:
    """A day before all others, and a second date whose name comes first in the alphabet."""
    folder = write_platform(tiny_platform(), tmp_path / "platform")
    for table in tiny_platform():
        file = _as_parquet(folder, table, "*", "dt=2026-10-19/as_of=2026-10-21")
        again = folder / "events" / table / "dt=1970-01-01" / "as_of=2026-10-20" / "part.parquet"
        again.parent.mkdir(parents=True)
        again.write_bytes(file.read_bytes())
    _built(folder, tmp_path / "warehouse")
    with duckdb.connect(str(tmp_path / "warehouse" / "build.duckdb"), read_only=True) as built:
        days = built.execute(
            "select cast(landed_on as varchar) from staging.stg_events__charges order by 1"
        ).fetchall()
    assert days == [("1970-01-01",), ("2026-10-19",)]


def test_absurd_values_are_held_back_and_end_no_build(tmp_path: Path) -> None:
    tables = tiny_platform()
    absurd: dict[str, tuple[str, dict[str, str]]] = {
        "implausible_results_returned": ("requests", {"results_returned": str(2**63 - 1)}),
        "implausible_ingested_at": (
            "requests",
            {"requested_at": "2250-01-01 00:00:00", "ingested_at": "2250-01-01 00:00:09"},
        ),
        "from_the_past": ("requests", {"requested_at": "1970-01-01 00:00:00"}),
        "reserved_region_code": ("requests", {"region_code": "(all)"}),
        "implausible_predicted_ctr": ("impressions", {"predicted_ctr": "7"}),
        "implausible_amount_micros": (
            "charges",
            {
                "charged_event": "adjustment",
                "event_id": "",
                "amount_micros": str(-(2**63)),
                "original_charge_id": "h1",
            },
        ),
    }
    for reason, (table, values) in absurd.items():
        good = tables[table][0]
        tables[table].append({**good, next(iter(good)): reason, **values})
    folder = write_platform(tables, tmp_path / "platform")
    warehouse = tmp_path / "warehouse"
    outcome = CliRunner().invoke(
        app, ["run", "--events", str(folder), "--warehouse", str(at_one_path(warehouse))]
    )
    assert outcome.exit_code == 0, outcome.output
    with duckdb.connect(str(warehouse / "build.duckdb"), read_only=True) as connection:
        held = dict(
            connection.execute(
                "select event_key, reasons from facts.fct_quarantined_events"
            ).fetchall()
        )
    assert held == {reason: reason for reason in absurd}


def test_what_arrives_two_days_from_now_is_of_a_broken_clock(tmp_path: Path) -> None:
    tables = tiny_platform()
    good = tables["charges"][0]
    for days in (0, 2):
        arrival = (datetime.now(UTC) + timedelta(days=days, hours=1)).strftime("%Y-%m-%d %H:%M:%S")
        changed = {"charge_id": f"in {days}", "charged_at": arrival, "ingested_at": arrival}
        tables["charges"].append({**good, **changed})
    folder = write_platform(tables, tmp_path / "platform")
    _built(folder, tmp_path / "warehouse")
    with duckdb.connect(str(tmp_path / "warehouse" / "build.duckdb"), read_only=True) as built:
        reasons = built.execute(
            "select charge_id, reject_reasons from staging.stg_events__charges order by 1"
        ).fetchall()
    assert reasons == [("h1", ""), ("in 0", ""), ("in 2", "implausible_ingested_at")]


def test_an_unknown_log_format_is_refused(tmp_path: Path) -> None:
    outcome = CliRunner().invoke(app, ["run", "--source", "syslog", "--warehouse", str(tmp_path)])
    assert outcome.exit_code == REFUSED
    assert "syslog" in outcome.output
    assert "ipinyou" in outcome.output


def test_a_folder_that_is_not_there_is_refused_at_once(tmp_path: Path) -> None:
    at = ["--events", str(tmp_path / "nowhere"), "--warehouse", str(tmp_path)]
    outcome = CliRunner().invoke(app, ["run", *at])
    assert outcome.exit_code == REFUSED
    assert "nowhere" in outcome.output
    assert "TRIBUTARY_EVENTS" in outcome.output


@pytest.mark.parametrize(
    ("setting", "example"),
    [("TRIBUTARY_MEMORY_LIMIT", "4GB"), ("TRIBUTARY_THREADS", "1 or more")],
)
def test_a_setting_of_the_engine_that_it_cannot_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, setting: str, example: str
) -> None:
    monkeypatch.setenv(setting, "banana")
    outcome = CliRunner().invoke(app, ["run", "--warehouse", str(tmp_path)])
    assert outcome.exit_code == REFUSED
    assert "banana" in outcome.output
    assert example in outcome.output


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("a,b\n1,2\n", None, None),
        ('a,b\n"1\n2",3\n', None, None),
        ('a,b\n1,"say ""hi"""\n', None, None),
        ('a,b\n1,2\n3,"4\n', 3, "b"),
        ('a,b\n1,x"y\n', 2, "b"),
        ('a,b\n"1"x,2\n', 2, "a"),
        ("a,b\n1\n", 2, "a"),
        ("a,b\n1,2,3\n", 2, "b"),
        ("a,b\n1,2\r\n", 2, "b"),
        ("a\0,\0b\0\n", 1, "number 1"),
        ("a,b\r\n1,2", None, None),
    ],
)
def test_the_first_fault_of_a_csv_file_is_found(
    text: str, line: int | None, column: str | None, tmp_path: Path
) -> None:
    file = tmp_path / "x.csv"
    file.write_text(text)
    fault = find_csv_fault(file)
    assert (fault and fault.line, fault and fault.column) == (line, column)
