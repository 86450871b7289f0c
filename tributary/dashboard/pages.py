"""What a dashboard may declare: its data, as SQL over the marts, and its tiles."""

from pathlib import Path
from typing import Annotated, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

FOLDER = "dashboards"
WORDS = "words.yml"
RESERVED = ("index", "dashboard")
"""Names of files that belong to no one page."""
Filter = Literal["surface", "region_code", "device_type"]
Format = Literal["count", "money", "amount", "share", "number", "date", "text", "metric", "word"]


class DashboardError(Exception):
    """A dashboard that cannot be made; the message says which, and what to do."""


class _Declared(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Text(_Declared):
    """A text in each language."""

    en: str
    zh: str


class Dataset(_Declared):
    """Rows that a page shows: of a query over the marts, or of the warehouse's own records.

    Attributes:
        sql: the query; `$since` and `$last` are the days that the site shows, `$first` is the first
            that is published.
        records: in place of a query, the publications that are kept or the runs' reports.
        day: the column by which the filter of days applies; None: by none. A row without a value
            there is among all days only.
        is_sliced: it has `dimension` and `dimension_value`, by which the other filters apply.
        of_all_slices: without a filter its rows are those of every slice, not of the whole.
        filters: {filter: column} of what it is cut by in columns of its own.
    """

    sql: str = ""
    records: Literal["", "publications", "runs"] = ""
    day: str | None = None
    is_sliced: bool = False
    of_all_slices: bool = False
    filters: dict[str, str] = Field(default_factory=dict)


class _Tile(_Declared):
    title: Text
    note: Text | None = None
    data: str
    is_wide: bool = False

    @property
    def metrics_shown(self) -> list[str]:
        """The metrics that it names."""
        return []

    @property
    def columns_shown(self) -> set[str]:
        """The columns that it names, beside those that its metrics are made of."""
        return set()


class _OfMetrics(_Tile):
    metrics: list[str]

    @property
    def metrics_shown(self) -> list[str]:
        """The metrics that it names."""
        return self.metrics


class Figures(_OfMetrics):
    """Headline figures of the days chosen, and their change on as many days before."""

    kind: Literal["figures"]


class Chain(_Tile):
    """An identity: its result and each factor, with their changes."""

    kind: Literal["chain"]
    identity: str


class Series(_OfMetrics):
    """Metrics by day, one at a time; or stacked by a column's values."""

    kind: Literal["series"]
    metrics: list[str] = Field(min_length=1)
    by: str | None = None

    @property
    def columns_shown(self) -> set[str]:
        """The columns that it names, beside those that its metrics are made of."""
        return {"day"} | ({self.by} if self.by else set())


class Waterfall(_Tile):
    """What each factor contributed to the newest change within the days chosen."""

    kind: Literal["waterfall"]
    comparisons: list[str] = Field(min_length=1)

    @property
    def columns_shown(self) -> set[str]:
        """The columns that it needs."""
        return {
            *("comparison", "day", "days_now", "base_starts_on", "days_base", "is_to_date"),
            *("position", "factor", "effect", "contribution", "result_base", "result_now"),
        }


class Funnel(_Tile):
    """Components from one stage to the next, and the rate between them."""

    kind: Literal["funnel"]
    stages: list[str]

    @property
    def metrics_shown(self) -> list[str]:
        """The metrics that it names."""
        return self.stages


class Bars(_Tile):
    """A sum by the values of a column, the largest first."""

    kind: Literal["bars"]
    category: str
    value: str
    format: Format = "count"
    most: int = 12
    smallest_first: bool = False

    @property
    def columns_shown(self) -> set[str]:
        """The columns that it names."""
        return {self.category, self.value}


class Concentration(_Tile):
    """The share of a sum that the largest so many hold."""

    kind: Literal["concentration"]
    key: str
    value: str

    @property
    def columns_shown(self) -> set[str]:
        """The columns that it names."""
        return {self.key, self.value}


class Column(_Declared):
    """A column of a table, and how it is written."""

    name: str
    label: Text
    format: Format = "text"


class Rows(_Tile):
    """The rows themselves, in the order of the query; or summed by the columns that are texts."""

    kind: Literal["rows"]
    columns: list[Column]
    is_summed: bool = False
    order_by: str | None = None
    most: int = 15
    empty: Text | None = None

    @property
    def columns_shown(self) -> set[str]:
        """The columns that it names."""
        return {column.name for column in self.columns} | (
            {self.order_by} if self.order_by else set()
        )


Tile = Annotated[
    Figures | Chain | Series | Waterfall | Funnel | Bars | Concentration | Rows,
    Field(discriminator="kind"),
]


class Page(_Declared):
    """One page.

    Attributes:
        name: of its files.
        place: its place among the pages.
        title: its heading.
        lead: what it is for.
        filters: what its data can be cut by, besides the days.
        data: {name: rows}.
        tiles: what it shows, in order.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    place: int
    title: Text
    lead: Text
    filters: list[Filter] = Field(default_factory=list)
    data: dict[str, Dataset]
    tiles: list[Tile] = Field(min_length=1)

    @model_validator(mode="after")
    def _has_what_it_names(self) -> Self:
        """A filter that no data answers to would cut nothing, and say that it does."""
        if self.name in RESERVED:
            raise ValueError(f"no page can be named {self.name}: a file of every page is.")
        for name, dataset in self.data.items():
            strange = set(dataset.filters) - set(self.filters)
            if strange:
                raise ValueError(
                    f"the data {name} is cut by {', '.join(sorted(strange))}, which is no filter "
                    "of the page."
                )
        if any(dataset.is_sliced for dataset in self.data.values()):
            return self
        idle = set(self.filters).difference(*(dataset.filters for dataset in self.data.values()))
        if idle:
            raise ValueError(f"no data of the page is cut by its filter {', '.join(sorted(idle))}.")
        return self


def read_pages(project: Path) -> list[Page]:
    """The pages that a project declares, in order.

    Raises:
        DashboardError: one cannot be read, or a tile names data that its page has not.
    """
    pages: list[Page] = []
    for file in sorted((project / FOLDER).glob("*.yml")):
        if file.name == WORDS:
            continue
        try:
            page = Page.model_validate(yaml.safe_load(file.read_text("utf-8")))
        except (OSError, ValueError, yaml.YAMLError) as failed:
            raise DashboardError(
                f"{file} cannot be read as a page: {_in_words(failed)}"
            ) from failed
        if page.name in {other.name for other in pages}:
            raise DashboardError(f"{file} is named {page.name!r}, as another page is.")
        for tile in page.tiles:
            if tile.data not in page.data:
                raise DashboardError(
                    f"{file}: the tile {tile.title.en!r} shows {tile.data!r}, which is not among "
                    f"the page's data: {', '.join(page.data)}."
                )
        pages.append(page)
    if not pages:
        raise DashboardError(f"No page is declared in {project / FOLDER}.")
    return sorted(pages, key=lambda page: page.place)


def _in_words(failed: Exception) -> str:
    """What is wrong with it, each fault with its place."""
    if not isinstance(failed, ValidationError):
        return str(failed)
    faults = []
    for fault in failed.errors(include_url=False, include_context=False, include_input=False):
        place = ".".join(str(part) for part in fault["loc"])
        said = fault["msg"].removeprefix("Value error, ")
        faults.append(f"{place}: {said}" if place else said)
    return "; ".join(faults)


_Words = TypeAdapter(dict[str, Text])


def read_words(project: Path) -> dict[str, dict[str, str]]:
    """{word: {language: text}} of what every page says around its tiles.

    Raises:
        DashboardError: they cannot be read.
    """
    file = project / FOLDER / WORDS
    try:
        declared = _Words.validate_python(yaml.safe_load(file.read_text("utf-8")))
        return {word: text.model_dump() for word, text in declared.items()}
    except (OSError, ValueError, yaml.YAMLError) as failed:
        raise DashboardError(f"{file} cannot be read: {_in_words(failed)}") from failed
