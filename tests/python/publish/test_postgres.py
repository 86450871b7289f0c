"""The served publication in a real PostgreSQL server, which each process of the tests starts."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from postgres_server import PASSWORD, find_server, running, url_of
from published import empty_publication
from typer.testing import CliRunner

from tributary.cli import app
from tributary.postgres.address import URL, Address, PostgresError, address_of
from tributary.postgres.swap import PUBLICATION, Served, publish_to
from tributary.publish.manifest import PublishedTable, read_manifest
from tributary.publish.places import Places
from tributary.publish.reading import MARTS, opened
from tributary.words import REFUSED

pytestmark = pytest.mark.skipif(
    not find_server() and not os.environ.get("CI"),
    reason="There is no PostgreSQL server on this machine: apt-get install postgresql.",
)

LARGEST = "9" * 32 + ".999999"
HOSTILE = f"""
    select * from (values
        (date '2026-10-19', '中文 ''quoted'' \\ "', {LARGEST}, 1, 2, 0.1, true),
        (date '2026-10-19', '中文 ''quoted'' \\ ""', -{LARGEST}, 1, 2, 0.1, true),
        (date '0001-01-01', '', -0.000001, -9223372036854775808, -2147483648, 'nan', false),
        (date '9999-12-31', '(null)', 100000.000000, 9223372036854775807, 2147483647, '-inf', null),
        (null, null, null, null, null, null, null),
        (date '2026-10-20', E'a\\tb\\nc', 10000.5, 0, 0, 5e-324, true),
        (date '2026-10-20', E'a\\tb\\nc', 0, 0, 0, -0.0, true)
    ) as hostile (day, "order", amount, units, "Count", ratio, is_so)
"""
COLUMNS = """
    day::date as day, "order"::varchar as "order", amount::decimal(38, 6) as amount,
    units::bigint as units, "Count"::integer as "Count", ratio::double as ratio,
    is_so::boolean as is_so
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Path]:
    with running() as folder:
        yield folder


@pytest.fixture
def address(server: Path) -> Iterator[Address]:
    """A server in which nothing of another test is left."""
    yield address_of(url_of(server))
    with asked(server) as ask:
        for (schema,) in ask(
            "select nspname::text from pg_namespace where nspname !~ '^(pg_|inf)'"
        ):
            ask(f'drop schema "{schema}" cascade')
        ask("create schema public")


@contextmanager
def asked(server: Path, is_one_transaction: bool = False) -> Iterator[Callable[[str], Any]]:
    """A connection to ask by."""
    from adbc_driver_postgresql import dbapi

    with dbapi.connect(url_of(server), autocommit=not is_one_transaction) as connection:

        def ask(sql: str) -> Any:
            with connection.cursor() as cursor:
                cursor.execute(sql)
                with suppress(dbapi.ProgrammingError):
                    return cursor.fetchall()

        yield ask
        if is_one_transaction:
            connection.rollback()


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A warehouse with a publication of three small marts, one of which is empty."""
    file = empty_publication(Places(tmp_path), date(2026, 10, 19), date(2026, 10, 20))
    with duckdb.connect(str(file)) as marts:
        marts.execute(f"create table hostile as select {COLUMNS} from ({HOSTILE})")
        marts.execute("create table units as select range as unit from range(1000)")
        marts.execute("create table nothing as select 1::bigint as unit where false")
        marts.execute("comment on table units is 'One row per unit''s number.'")
        marts.execute("comment on column units.unit is 'A \\ number.'")
    renamed(tmp_path, "one", 1000)
    return tmp_path


def renamed(warehouse: Path, run_id: str, units: int) -> None:
    """Have a publication say that it is another, of so many rows."""
    folder = Places(warehouse).current.resolve()
    rows = {"hostile": 7, "nothing": 0, "units": units}
    tables = {mart: PublishedTable(rows=number, digest="0") for mart, number in rows.items()}
    read_manifest(folder).model_copy(update={"run_id": run_id, "tables": tables}).write(folder)


def next_of(warehouse: Path, run_id: str) -> None:
    """Publish anew: every unit is one more."""
    with duckdb.connect(str(Places(warehouse).current / "marts.duckdb")) as marts:
        marts.execute("update units set unit = unit + 1")
    renamed(warehouse, run_id, 1000)


def publish(address: Address, warehouse: Path, patience_s: float = 5) -> Served:
    return publish_to(address, "tributary", warehouse, patience_s)


def schemas(ask: Callable[[str], Any]) -> list[str]:
    found = ask("select nspname::text from pg_namespace where nspname !~ '^(pg_|inf)' order by 1")
    return [schema for (schema,) in found]


def differing(server: Path, warehouse: Path) -> list[tuple[str, int]]:
    """Marts of which not every row is there, once for each time, and no other."""
    from adbc_driver_postgresql import dbapi

    found = []
    with (
        opened(warehouse) as (publication, marts),
        dbapi.connect(url_of(server)) as connection,
        connection.cursor() as cursor,
    ):
        for mart in publication.manifest.tables:
            columns = marts.execute(f'describe {MARTS}."{mart}"').fetchall()
            names = [(f'"{column[0]}"', column[1]) for column in columns]
            exact = [f"{n}::text as {n}" if t.startswith("DECIMAL") else n for n, t in names]
            cursor.execute(f'select {", ".join(exact)} from tributary."{mart}"')
            marts.register("arrived", cursor.fetch_arrow_table())
            same = ", ".join(f"{n}::{t} as {n}" for n, t in names)
            here, there = f'from {MARTS}."{mart}"', f"select {same} from arrived"
            ((rows,),) = marts.execute(
                f"select count(*) from ((select * {here} except all {there}) "
                f"union all ({there} except all select * {here}))"
            ).fetchall()
            if rows:
                found.append((mart, rows))
            marts.unregister("arrived")
    return found


def test_every_mart_of_the_seeds_is_there_row_for_row(
    seeds_run: tuple[Path, Any], address: Address, server: Path
) -> None:
    served = publish(address, seeds_run[0])
    with opened(seeds_run[0]) as (publication, _):
        told = publication.manifest
    assert served.rows == {mart: table.rows for mart, table in told.tables.items()}
    assert len(served.rows) >= 20
    assert not differing(server, seeds_run[0])
    with asked(server) as ask:
        assert schemas(ask) == ["public", "tributary"]
        assert ask(
            "select (select sum(revenue)::text from tributary.revenue_daily "
            "where surface = '(all)'), count(distinct identity) from tributary.identity_status"
        ) == [(str(told.revenue), 18)]
        assert ask(
            "select data_type::text, count(*) from information_schema.columns "
            "where table_schema = 'tributary' and table_name = 'revenue_daily' "
            "group by 1 order by 1"
        ) == [("bigint", 22), ("date", 1), ("double precision", 24), ("numeric", 2), ("text", 1)]
        assert ask(
            "select numeric_precision, numeric_scale from information_schema.columns "
            "where table_schema = 'tributary' and table_name = 'revenue_daily' "
            "and column_name = 'revenue'"
        ) == [(38, 6)]
        uncommented = (
            "select relname, attname from pg_class join pg_attribute on attrelid = pg_class.oid "
            "where relnamespace = 'tributary'::regnamespace and relkind = 'r' and attnum > 0 "
            f"and relname <> '{PUBLICATION}' and (col_description(attrelid, attnum) is null "
            "or obj_description(attrelid, 'pg_class') is null)"
        )
        assert ask(uncommented) == []


def test_values_at_the_edge_arrive_as_they_are(small: Path, address: Address, server: Path) -> None:
    assert publish(address, small).rows == {"hostile": 7, "nothing": 0, "units": 1000}
    assert not differing(server, small)
    with asked(server) as ask:
        assert ask(
            "select column_name::text, data_type::text from information_schema.columns "
            "where table_name = 'hostile' order by ordinal_position"
        ) == [
            ("day", "date"),
            ("order", "text"),
            ("amount", "numeric"),
            ("units", "bigint"),
            ("Count", "integer"),
            ("ratio", "double precision"),
            ("is_so", "boolean"),
        ]
        assert ask(
            "select obj_description('tributary.units'::regclass), "
            "col_description('tributary.units'::regclass, 1)"
        ) == [("One row per unit's number.", "A \\ number.")]


def test_a_second_time_changes_nothing_but_the_publication(
    small: Path, address: Address, server: Path
) -> None:
    for run_id in ("one", "one", "two"):
        renamed(small, run_id, 1000)
        publish(address, small)
        with asked(server) as ask:
            assert schemas(ask) == ["public", "tributary"]
            assert ask(f"select distinct run_id from tributary.{PUBLICATION}") == [(run_id,)]
            assert ask("select count(*), sum(unit)::text from tributary.units") == [
                (1000, "499500")
            ]


def test_readers_see_one_publication_or_the_next_whole(
    small: Path, address: Address, server: Path
) -> None:
    publish(address, small)
    seen: list[tuple[Any, ...]] = []
    failed: list[Exception] = []
    is_over = threading.Event()

    def read() -> None:
        try:
            with asked(server) as ask:
                while not is_over.is_set():
                    seen.extend(
                        ask(
                            f"select (select min(run_id) from tributary.{PUBLICATION}), "
                            "sum(unit)::text, count(*) from tributary.units"
                        )
                    )
        except Exception as error:
            failed.append(error)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    whole = {("one", "499500", 1000)}
    try:
        for number in range(1, 9):
            run_id = f"next{number}"
            next_of(small, run_id)
            whole.add((run_id, str(499500 + 1000 * number), 1000))
            publish(address, small)
    finally:
        is_over.set()
        for reader in readers:
            reader.join()
    assert not failed
    assert set(seen) <= whole
    assert len(set(seen)) >= 5
    with asked(server) as ask:
        assert schemas(ask) == ["public", "tributary"]


def test_a_process_that_is_killed_midway_leaves_the_old_publication(
    small: Path, address: Address, server: Path
) -> None:
    publish(address, small)
    next_of(small, "two")
    program = (
        "import os, pathlib, signal, sys\n"
        "from tributary.postgres.address import address_of\n"
        "from tributary.postgres.swap import publish_to\n"
        "def die(mart, rows):\n"
        "    mart == 'units' and os.kill(os.getpid(), signal.SIGKILL)\n"
        "publish_to(address_of(None), 'tributary', pathlib.Path(sys.argv[1]), 5, die)\n"
    )
    killed = subprocess.run(
        [sys.executable, "-c", program, str(small)], env={**os.environ, URL: address.url}
    )
    assert killed.returncode == -9
    assert_old(server)
    with asked(server) as ask:
        # As it is left by one that is killed after the rows were committed.
        ask("create schema tributary__next")
        ask(
            "comment on schema tributary__next is "
            "'Made by tributary postgres, which replaces all of it. Publication x.'"
        )
        ask("create table tributary__next.units ()")
    publish(address, small)
    assert_new(server)


def assert_old(server: Path) -> None:
    with asked(server) as ask:
        assert schemas(ask) == ["public", "tributary"]
        assert ask(f"select distinct run_id from tributary.{PUBLICATION}") == [("one",)]
        assert ask("select sum(unit)::text from tributary.units") == [("499500",)]


def assert_new(server: Path) -> None:
    with asked(server) as ask:
        assert schemas(ask) == ["public", "tributary"]
        assert ask(f"select distinct run_id from tributary.{PUBLICATION}") == [("two",)]
        assert ask("select sum(unit)::text from tributary.units") == [("500500",)]


def test_a_server_that_ends_the_connection_midway_keeps_the_old_publication(
    small: Path, address: Address, server: Path
) -> None:
    publish(address, small)
    next_of(small, "two")

    def end(mart: str, rows: int) -> None:
        if mart == "hostile":
            with asked(server) as ask:
                ask("select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory'")

    with pytest.raises(PostgresError, match="tables are as they were"):
        publish_to(address, "tributary", small, 5, end)
    assert_old(server)
    publish(address, small)
    assert_new(server)


def test_rows_that_a_database_swallows_are_missed(
    small: Path, address: Address, server: Path
) -> None:
    publish(address, small)
    next_of(small, "two")
    with asked(server) as ask:
        ask(
            "create function swallow() returns trigger language plpgsql as 'begin return null; end'"
        )
        ask(
            "create function watch() returns event_trigger language plpgsql as $$ begin "
            "if to_regclass('tributary__next.units') is not null then create trigger swallowing "
            "before insert on tributary__next.units for each row when (new.unit = 7) "
            "execute function public.swallow(); end if; exception when others then null; end $$"
        )
        ask(
            "create event trigger watching on ddl_command_end when tag in ('CREATE TABLE') "
            "execute function watch()"
        )
        try:
            with pytest.raises(
                PostgresError, match=r"units did not arrive .* rows: 1000 sent, 999"
            ):
                publish(address, small)
        finally:
            ask("drop event trigger watching")
    assert_old(server)


def test_a_manifest_that_tells_of_other_rows_is_refused(small: Path, address: Address) -> None:
    renamed(small, "one", 1001)
    with pytest.raises(PostgresError, match=r"units has other rows in .* status --verify"):
        publish(address, small)


def test_whoever_reads_for_long_is_waited_for_and_then_left_alone(
    small: Path, address: Address, server: Path
) -> None:
    publish(address, small)
    next_of(small, "two")
    with asked(server, is_one_transaction=True) as ask:
        ask("select count(*) from tributary.units")
        with pytest.raises(PostgresError, match=r"longer than 0 s.*--wait"):
            publish(address, small, patience_s=0)
        assert ask("select sum(unit)::text from tributary.units") == [("499500",)]
        ended = threading.Timer(1, ask, ["commit"])
        ended.start()
        publish(address, small)
        ended.join()
    assert_new(server)


def test_a_look_at_the_database_from_before_never_finds_empty_tables(
    small: Path, address: Address, server: Path
) -> None:
    publish(address, small)
    next_of(small, "two")
    with asked(server, is_one_transaction=True) as ask:
        ask("set transaction isolation level repeatable read")
        ask("select count(*) from pg_class")
        with pytest.raises(PostgresError, match=r"longer than 0\.2 s"):
            publish(address, small, patience_s=0.2)
        assert ask("select sum(unit)::text from tributary.units") == [("499500",)]
    assert_old(server)
    with asked(server, is_one_transaction=True) as ask:
        ask("select count(*) from pg_class")
        publish(address, small, patience_s=0)
        assert ask("select sum(unit)::text from tributary.units") == [("500500",)]
    assert_new(server)


def test_a_publisher_who_may_not_see_others_waits_for_whoever_may_read(
    small: Path, address: Address, server: Path
) -> None:
    with asked(server) as ask, asked(server, is_one_transaction=True) as idle:
        ask("create role publisher login password 'hush'")
        ask("grant create on database postgres to publisher")
        publisher = address_of(url_of(server, "publisher", "hush"))
        idle("select count(*) from pg_class")
        try:
            with pytest.raises(PostgresError, match="Someone has been reading"):
                publish(publisher, small, patience_s=0)
            assert schemas(ask) == ["public"]
            ask("grant pg_read_all_stats to publisher")
            publish(publisher, small, patience_s=0)
            assert schemas(ask) == ["public", "tributary"]
        finally:
            idle("rollback")
            ask("drop owned by publisher cascade")
            ask("drop role publisher")


def test_who_could_read_can_read_the_next(small: Path, address: Address, server: Path) -> None:
    publish(address, small)
    with asked(server) as ask:
        for role in ("every", "one_table"):
            ask(f"drop role if exists {role}")
            ask(f"create role {role}")
        ask("grant usage on schema tributary to every, one_table")
        ask("grant select on all tables in schema tributary to every")
        ask("grant select on tributary.units to one_table, public")
        with duckdb.connect(str(Places(small).current / "marts.duckdb")) as marts:
            marts.execute("alter table nothing rename to fresh")
        folder = Places(small).current.resolve()
        manifest = read_manifest(folder)
        tables = {**manifest.tables, "fresh": manifest.tables["nothing"]}
        del tables["nothing"]
        manifest.model_copy(update={"tables": tables}).write(folder)
        publish(address, small)
        may = ask(
            "select role, relname::text "
            "from pg_class, (values ('every'), ('one_table')) as roles (role) where relnamespace = "
            "'tributary'::regnamespace and relkind = 'r' "
            "and has_table_privilege(role, pg_class.oid, 'select') "
            "and has_schema_privilege(role, 'tributary', 'usage') order by 1, 2"
        )
        public = ask("select relacl::text ~ '[{,]=r/' from pg_class where relname = 'units'")
        ask("drop owned by every, one_table")
        ask("drop role every, one_table")
    every = [("every", table) for table in ("fresh", "hostile", PUBLICATION, "units")]
    assert may == [*every, ("one_table", "units")]
    assert public == [(True,)]


def test_a_view_of_someone_is_not_lost(small: Path, address: Address, server: Path) -> None:
    publish(address, small)
    next_of(small, "two")
    with asked(server) as ask:
        ask("create view public.mine as select * from tributary.units")
        with pytest.raises(PostgresError, match=r"view mine depends on table tributary\.units"):
            publish(address, small)
        assert ask("select sum(unit)::text from public.mine") == [("499500",)]
        ask("drop view public.mine")
        ask("create table tributary.mine ()")
        with pytest.raises(PostgresError, match=r"table tributary\.mine depends on schema"):
            publish(address, small)
        ask("drop table tributary.mine")
    assert_old(server)


@pytest.mark.parametrize("schema", ["public", "theirs"])
def test_a_schema_of_someone_else_is_left_alone(
    small: Path, address: Address, server: Path, schema: str
) -> None:
    with asked(server) as ask:
        ask(f"create schema if not exists {schema}")
        ask(f"create table {schema}.units ()")
        with pytest.raises(PostgresError, match=f"The schema {schema} is there already"):
            publish_to(address, schema, small, 5)
        assert ask(f"select count(*) from {schema}.units") == [(0,)]


@pytest.mark.parametrize("schema", ["Mine", "pg_mine", "a b", "", "information_schema", "x" * 52])
def test_a_name_that_is_none_is_refused(small: Path, address: Address, schema: str) -> None:
    with pytest.raises(PostgresError, match="cannot be used"):
        publish_to(address, schema, small, 5)


def test_two_at_once_are_refused(small: Path, address: Address, server: Path) -> None:
    def again(mart: str, rows: int) -> None:
        with pytest.raises(PostgresError, match="under way"):
            publish(address, small)

    publish_to(address, "tributary", small, 5, again)


def said(*arguments: str) -> str:
    outcome = CliRunner().invoke(app, ["postgres", *arguments], env={"COLUMNS": "200"})
    assert outcome.exit_code == REFUSED, outcome.output
    assert "Traceback" not in outcome.output
    for secret in (PASSWORD, "ss/w", "p%2540", "hush"):
        assert secret not in outcome.output
    return outcome.output


def test_what_the_command_says(
    small: Path, address: Address, server: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(URL, address.url)
    outcome = CliRunner().invoke(app, ["postgres", "--warehouse", str(small)])
    assert outcome.exit_code == 0, outcome.output
    words = " ".join(outcome.output.split())
    assert "serves publication one in the schema tributary: 3 marts, 1,007 rows." in words
    assert PASSWORD not in outcome.output


def test_refusals_say_what_to_do_and_no_password(
    small: Path, tmp_path_factory: pytest.TempPathFactory, address: Address, server: Path
) -> None:
    here = ("--warehouse", str(small))
    assert "TRIBUTARY_POSTGRES_URL" in said(*here)
    elsewhere = url_of(tmp_path_factory.mktemp("x"))
    assert "Start the server" in said(*here, "--url", elsewhere)
    assert "password is wrong" in said(*here, "--url", url_of(server, password="hush"))
    nobody = url_of(server).replace("/postgres?", "/nowhere?")
    assert "Name a database" in said(*here, "--url", nobody)
    empty = str(tmp_path_factory.mktemp("empty"))
    assert "Nothing is published" in said("--warehouse", empty, "--url", address.url)
    with asked(server) as ask:
        ask("create role weak login password 'hush'")
        try:
            assert "grant create on database" in said(
                *here, "--url", url_of(server, "weak", "hush")
            )
        finally:
            ask("drop role weak")


def test_without_the_driver_the_extra_is_named(
    small: Path, address: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as without:
        without.setitem(sys.modules, "adbc_driver_postgresql", None)
        words = said("--warehouse", str(small), "--url", address.url)
    assert "uv sync --extra postgres" in words


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:hu@sh@host/db",
        "postgresql://me:hu/sh@host/db",
        "postgresql://me:hu?sh@host/db",
        "postgresql://me:hu#sh@host/db",
        "postgresql://me:hu sh@host/db",
        "postgresql://me:hush%zz@host/db",
        "mysql://me:hush@host/db",
        "host=here password=hush",
        "hush",
    ],
)
def test_a_url_that_cannot_be_read_is_not_repeated(url: str) -> None:
    with pytest.raises(PostgresError) as refused:
        address_of(url)
    assert "hu" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://me:hush@host:5432/db", "me@host:5432/db"),
        ("postgres://host", "host"),
        ("postgresql:///db?host=/run/postgresql&password=hush", "/run/postgresql/db"),
        ("postgresql://m%40e:h%20sh@[::1]/d?sslmode=require", "m@e@[::1]/d"),
    ],
)
def test_a_server_is_shown_without_its_password(url: str, shown: str) -> None:
    address = address_of(url)
    assert address.shown == shown
    assert address.without_secrets("no hush, no h%20sh, no h sh").count("hush") == (
        "hush" not in url
    )


def test_a_type_without_a_counterpart_is_named(tmp_path: Path, address: Address) -> None:
    file = empty_publication(Places(tmp_path), date(2026, 10, 19), date(2026, 10, 20))
    with duckdb.connect(str(file)) as marts:
        marts.execute("create table odd as select [1] as listed")
    with pytest.raises(PostgresError, match=r"odd.listed is INTEGER\[\]"):
        publish(address, tmp_path)


def test_decimals_are_no_floats(small: Path, address: Address, server: Path) -> None:
    publish(address, small)
    with asked(server) as ask:
        ((total,),) = ask("select sum(amount)::text from tributary.hostile where abs(amount) < 1e9")
    assert Decimal(total) == Decimal("110000.499999")
