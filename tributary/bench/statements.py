"""The hand-written statements of `benchmarks/`, in the words of one engine.

A statement reads raw Parquet and gives one mart. It is made of steps (`benchmarks/steps`, each a
select over the steps before it) and an end (`benchmarks/marts`). Money stays in micro-units, in
columns named `…_micros`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import yaml

KEYS = {
    "requests": "request_id",
    "impressions": "impression_id",
    "clicks": "click_id",
    "actions": "action_id",
    "charges": "charge_id",
}
STEPS = (
    "rates",
    "requests",
    "impressions",
    "clicks",
    "actions",
    "ledger",
    "event_lines",
    "lines",
    "responses",
    "charged",
    "traffic",
    "funnel",
)
MARTS = {
    "revenue_daily": ("requested_on", "surface"),
    "revenue_daily_by_segment": ("requested_on", "dimension", "dimension_value"),
    "search_metrics_daily": ("requested_on", "surface", "device_type"),
    "local_funnel_daily": ("requested_on", "region_code"),
    "advertiser_daily": ("requested_on", "advertiser_id"),
    "reconciliation_daily": ("reported_on", "currency"),
}
"""The marts that are made from events, and the columns that tell their rows apart."""
OF_THE_LEDGER = "reconciliation_daily"
"""The one whose days are not those of requests: it is made of all days at once."""


Days = tuple[date, date]
"""The first and the last of some days."""


@dataclass(frozen=True)
class Dialect:
    """What engines say differently.

    Attributes:
        read: table function over the Parquet files of an event table, for a glob.
        read_csv: the same over one CSV file with a header.
        anti: join that keeps rows without a partner.
        semi: join that keeps rows with one.
        day: reporting day of a UTC moment.
        half_even: a decimal rounded half-even to a whole number.
        hashed: a 64-bit hash of a text.
    """

    read: Callable[[Path], str]
    read_csv: Callable[[Path], str]
    anti: str
    semi: str
    day: str
    half_even: str
    hashed: str


@cache
def _files_of(folder: Path) -> dict[Path, int]:
    """The files of an event table, and the bytes of each: an event set stays as it was made."""
    return {file: file.stat().st_size for file in folder.rglob("*.parquet")}


def _landed_on(file: Path) -> date:
    return date.fromisoformat(file.parent.name.removeprefix("dt="))


def _duckdb_files(folder: Path) -> str:
    return _in_duckdb(_files_of(folder))


def _in_duckdb(bytes_of: dict[Path, int]) -> str:
    """The files by name, one of the usual size first: DuckDB takes all to be as long as that."""
    usual = sum(bytes_of.values()) / max(len(bytes_of), 1)
    files = sorted(bytes_of, key=lambda file: (abs(bytes_of[file] - usual), file))
    return f"read_parquet({[str(file) for file in files]}, hive_partitioning = true)"


DUCKDB = Dialect(
    read=_duckdb_files,
    read_csv=lambda file: f"read_csv('{file}', all_varchar = true)",
    anti="anti join",
    semi="semi join",
    day="cast({} + interval '8' hour as date)",
    half_even="round_even({}, 0)",
    hashed="hash({})",
)
SPARK = Dialect(
    read=lambda folder: f"parquet.`{folder}`",
    read_csv=lambda file: file.stem + "_csv",
    anti="left anti join",
    semi="left semi join",
    day="cast({} + interval '8' hour as date)",
    half_even="bround({}, 0)",
    hashed="xxhash64({})",
)
CLICKHOUSE = Dialect(
    read=lambda folder: f"file('{folder}/**/*.parquet', Parquet)",
    read_csv=lambda file: f"file('{file}', CSVWithNames)",
    anti="left anti join",
    semi="left semi join",
    day="toDate({} + interval 8 hour)",
    half_even="roundBankers({})",
    hashed="cityHash64({})",
)


_COME_WITHIN = {"requests": 0, "impressions": 2, "clicks": 3}
"""Landed days after that of its request in which a row comes; money comes for weeks."""


def parts_of(events: Path, most_bytes: int) -> Iterator[Days]:
    """The days of an event set's requests, as many at a time as have so many bytes of files."""
    files = {table: _files_of(events / "events" / table) for table in KEYS}
    landed = {_landed_on(file) for file in files["requests"]}
    bytes_of_day = sum(sum(sizes.values()) for sizes in files.values()) / len(landed)
    step = timedelta(days=max(int(most_bytes / bytes_of_day), 1))
    # The reporting day begins before the UTC day: the last of them ends one later.
    first, end = min(landed), max(landed) + timedelta(days=2)
    while first < end:
        yield first, min(first + step, end) - timedelta(days=1)
        first += step


def files_with(folder: Path, days: Days) -> dict[Path, int]:
    """The files of an event table in which something of the requests of some days can be.

    Returns:
        Each with its bytes, in the order of their names.
    """
    within = _COME_WITHIN.get(folder.name)
    last = date.max if within is None else days[1] + timedelta(days=within)
    return {
        file: size
        for file, size in sorted(_files_of(folder).items())
        if days[0] - timedelta(days=1) <= _landed_on(file) <= last
    }


def _on_days(days: Days) -> Dialect:
    """DuckDB, reading only the files in which something of the requests of these days can be."""
    return replace(DUCKDB, read=lambda folder: _in_duckdb(files_with(folder, days)))


class Statements:
    """The steps and marts of one event set for one engine.

    Of some days, in DuckDB's words alone: the steps hold their requests and what came of them.
    """

    def __init__(
        self, project: Path, events: Path, dialect: Dialect, days: Days | None = None
    ) -> None:
        if days:
            dialect = _on_days(days)
        self._days = days
        self._events = events
        self._dialect = dialect
        self._project = project
        declared = yaml.safe_load((project / "dbt_project.yml").read_text("utf-8"))["vars"]
        self.metrics: dict[str, dict[str, Any]] = declared["metrics"]
        self.dimensions: list[str] = declared["dimensions"]
        folder = project / "benchmarks"
        self._templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader([folder / "steps", folder / "marts"]),
            undefined=jinja2.StrictUndefined,
            autoescape=False,
        )
        self._templates.globals.update(
            latest=self._latest,
            reference=lambda name: dialect.read_csv(events / "reference" / f"{name}.csv"),
            day=dialect.day.format,
            rate="cast({} as decimal(18, 8))".format,
            whole="cast({} as bigint)".format,
            converted=self._converted,
            dimensions=self.dimensions,
        )

    def steps(self) -> dict[str, str]:
        """Name and select of each step, in an order in which each follows what it reads."""
        repeated = {f"repeated_{table}": self._repeated(table, key) for table, key in KEYS.items()}
        steps = repeated | {name: self._render(name) for name in STEPS}
        if self._days:
            first, last = self._days
            steps["requests"] = (
                f"select * from ({steps['requests']}) as requests_around "
                f"where requested_on between date '{first}' and date '{last}'"
            )
        return steps

    def mart(self, name: str) -> str:
        """Select of a mart over the steps, with its ratios."""
        ratios = "".join(f",\n    {self._ratio(one)} as {one}" for one in self.ratios(name))
        return f"select\n    mart.*{ratios}\nfrom (\n{self._render(name)}\n) as mart"

    def whole(self, name: str) -> str:
        """The mart as one statement from the files."""
        steps = ",\n".join(f"{step} as (\n{sql}\n)" for step, sql in self.steps().items())
        return f"with {steps}\n{self.mart(name)}"

    def ratios(self, mart: str) -> list[str]:
        """The declared metrics among the columns of a mart."""
        (file,) = (self._project / "models" / "marts").rglob(f"{mart}.yml")
        columns = yaml.safe_load(file.read_text("utf-8"))["models"][0]["columns"]
        return [column["name"] for column in columns if column["name"] in self.metrics]

    def _render(self, name: str) -> str:
        return self._templates.get_template(f"{name}.sql").render().strip()

    def _read(self, table: str) -> str:
        return self._dialect.read(self._events / "events" / table)

    def _repeated(self, table: str, key: str) -> str:
        """Hashes of the keys that occur more than once: a fixed-size number is grouped faster."""
        hashed = self._dialect.hashed.format(key)
        return (
            f"select key_hash from (select {hashed} as key_hash from {self._read(table)}) as keys "
            "group by key_hash having count(*) > 1"
        )

    def _latest(self, table: str, key: str) -> str:
        """Each event once: most keys occur once and are not sorted."""
        read, dialect = self._read(table), self._dialect
        repeated = f"repeated_{table} on {dialect.hashed.format('raw.' + key)} = key_hash"
        return f"""
            select raw.*, 1 as version
            from {read} as raw {dialect.anti} {repeated}
            union all
            select * from (
                select
                    raw.*,
                    row_number() over (partition by raw.{key} order by raw.ingested_at desc)
                        as version
                from {read} as raw {dialect.semi} {repeated}
            ) as versions
            where version = 1
        """

    def _converted(self, amount: str, currency: str, rate: str) -> str:
        product = f"cast({amount} as decimal(19, 0)) * {rate}"
        rounded = self._dialect.half_even.format(product)
        return f"case when {currency} = 'CNY' then {amount} else cast({rounded} as bigint) end"

    def _ratio(self, name: str) -> str:
        metric = self.metrics[name]
        top = self._value(metric["numerator"])
        if "minus" in metric:
            top = f"({top} - {self._value(metric['minus'])})"
        ratio = f"{top} / nullif({self._value(metric['denominator'])}, 0)"
        return f"{metric['scale']} * {ratio}" if "scale" in metric else ratio

    @staticmethod
    def _value(component: str) -> str:
        if component in ("revenue", "action_value"):
            return f"(cast({component}_micros as double) / 1000000)"
        return f"cast({component} as double)"
