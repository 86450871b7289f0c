"""The page of all metrics, in English and Chinese, from their declarations.

`python -m tributary.metrics_page` writes `docs/metrics.md`, `docs/metrics.zh-CN.md`, and the first
page of dbt's own site, `models/docs/overview.md`.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tributary.dashboard.pages import read_pages
from tributary.rendering import Renderer
from tributary.settings import find_project
from tributary.why.identity import equation_of

PAGES = {"en": "docs/metrics.md", "zh": "docs/metrics.zh-CN.md"}
OVERVIEW = "models/docs/overview.md"
_INTRODUCTION = """# tributary

From an ad platform's raw event logs to a metrics mart in which every revenue identity holds.

**Exposures** (left) are the dashboards, and which marts each one reads. **Models**
are in layers: `staging` types the logs and names each broken rule, `intermediate` judges the rows,
`facts` keep them by day, `marts` are what is published. The button at the lower right shows the
lineage. What is served is not what stands in the build: a mart is published once its audit has
passed.
"""
_FILES = ("requests", "impressions", "charges", "ratios", "finance_statements")
_FAMILIES = ("additive", "distinct", "ratio", "finance")
_HEAD = {
    "en": """# Metrics and identities

English · [中文](metrics.zh-CN.md)

Each name is a column of the marts and a metric of the [semantic layer](guides/semantic-layer.md),
and means the same in both. Everything is counted on the day, and under the dimensions, of the
request that led to it. A ratio is made from sums at the grain at which it is shown, and NULL where
its denominator is 0: never averaged, never added up. A distinct count is never added up either.
""",
    "zh": """# 指标与恒等式

[English](metrics.md) · 中文

每个名称既是集市中的列，也是[语义层](guides/semantic-layer.md)中的指标，两处含义相同。
一切都计在引发它的那次检索的日期和维度之下。比率在展示的粒度上由总和相除得到，分母为 0 时为 NULL：
不求平均，也不相加。去重计数同样不可相加。
""",
}
_TITLES = {
    "en": ("Counts and amounts, additive", "Distinct counts", "Ratios", "Return on equity"),
    "zh": ("计数与金额，可加", "去重计数", "比率", "净资产收益率"),
}
_COLUMNS = {
    "en": (
        "metric",
        "中文",
        "what it is",
        "unit",
        "owner",
        "in identities",
        "in marts",
        "on pages",
    ),
    "zh": ("指标", "中文", "定义", "单位", "负责方", "所在恒等式", "所在集市", "所在页面"),
}
_NARROW_COLUMNS = ("metric", "what it is", "where it stands")
_NOTES = {
    "en": {
        "distinct": """In the marts and on the pages a distinct count is of one day, and so is a
ratio over one: {ratios}.
Over several days a page shows the mean of the days' counts, and a ratio of the days' sums, which is
per user or advertiser and day. MetricFlow counts each user and each advertiser once over whatever
range it is asked for. So the two agree on a day, and differ over longer ranges.
"""
    },
    "zh": {
        "distinct": """在集市中和页面上，去重计数是一天的，以它计算的比率也是：
{ratios}。
选择多天时，页面显示各天计数的平均值，比率由各天之和相除得到，即每个用户或每家广告主每天的值。
MetricFlow 在所查询的整个范围内对每个用户、每家广告主只计一次。
因此两者在一天上一致，在更长的范围上不同。
"""
    },
}
_IDENTITIES = {
    "en": ("Identities", "identity", "equation"),
    "zh": ("恒等式", "恒等式", "等式"),
}
_UNITS_ZH = {
    "count": "个",
    "share": "占比",
    "ratio": "比值",
    "currency beside it": "旁列币种",
    "reporting currency": "报告币种",
    "requests with ads": "有广告检索",
    "detail view": "详情页",
    "thousand requests": "千次检索",
    "thousand impressions": "千次展现",
    "thousand requests with ads": "千次有广告检索",
    "request with ads": "有广告检索",
    "request": "检索",
    "requests": "检索",
    "results": "结果",
    "ads": "广告",
    "click": "点击",
    "clicks": "点击",
    "conversion": "转化",
    "conversions": "转化",
    "advertiser": "广告主",
    "user": "用户",
}
_OWNERS_ZH = {
    "Ads strategy": "广告策略",
    "Finance": "财务",
    "Sales": "销售",
    "Search platform": "搜索平台",
}


@dataclass(frozen=True)
class Metric:
    """One metric, as the semantic layer declares it.

    Attributes:
        name: its name, a column of marts.
        family: additive, distinct, ratio or finance: the section that it stands in.
        label_zh: its Chinese name.
        meaning: {language: what it is; of a ratio its formula, and what that does not say}.
        unit: its unit, in English.
        owner: the team that answers for it, in English.
    """

    name: str
    family: str
    label_zh: str
    meaning: dict[str, str]
    unit: str
    owner: str


@dataclass(frozen=True)
class _Places:
    """Where a metric stands.

    Attributes:
        identities: those that it is the result or a factor of.
        marts: those that have it as a column.
        pages: the dashboards that show it.
    """

    identities: list[str]
    marts: list[str]
    pages: list[str]


def page(project: Path, language: str) -> str:
    """The page in one language: a table per family, and the identities."""

    def row(one: Metric, places: _Places) -> tuple[str, ...]:
        return (
            f"`{one.name}`",
            one.label_zh,
            one.meaning[language],
            one.unit if language == "en" else _unit_zh(one.unit),
            one.owner if language == "en" else _OWNERS_ZH[one.owner],
            _listed(places.identities),
            _listed(places.marts),
            _listed(places.pages),
        )

    return "\n".join([_HEAD[language], *_tables(project, language, _COLUMNS[language], row)])


def overview(project: Path) -> str:
    """The first page of dbt's site: what there is, and the metrics.

    That site shows it in a card that has room for 860 pixels, and a name of code breaks nowhere,
    Chinese anywhere: so there are fewer columns.
    """

    def row(one: Metric, places: _Places) -> tuple[str, ...]:
        meaning = f"{one.meaning['en']} Unit: {one.unit}. Owner: {one.owner}."
        where = " ".join(
            f"{kind}: {_listed(names)}."
            for kind, names in (
                ("Marts", places.marts),
                ("Pages", places.pages),
                ("Identities", places.identities),
            )
            if names
        )
        return f"`{one.name}` {one.label_zh}", meaning, where

    tables = _tables(project, "en", _NARROW_COLUMNS, row)
    return "\n".join(["{% docs __overview__ %}", _INTRODUCTION, *tables]) + "{% enddocs %}\n"


def _tables(
    project: Path,
    language: str,
    columns: tuple[str, ...],
    row: Callable[[Metric, _Places], tuple[str, ...]],
) -> Iterator[str]:
    """A table per family, each with what is to be said of it, and one of the identities."""
    renderer = Renderer.of_project(project)
    identities = renderer.variables["identities"]
    named = {
        name: [declared["result"], *renderer.call("named_factors", declared)]
        for name, declared in identities.items()
    }
    marts = dict(columns_of_marts(project))
    shown = dict(_shown_on_pages(project, named))
    known = list(known_metrics(project))
    notes = _notes(language, known, renderer.variables["metrics"])
    for family, title in zip(_FAMILIES, _TITLES[language], strict=True):
        rows = [
            row(
                one,
                _Places(
                    *(
                        [place for place, names in places.items() if one.name in names]
                        for places in (named, marts, shown)
                    ),
                ),
            )
            for one in known
            if one.family == family
        ]
        yield _table(title, columns, rows, notes.get(family, ""))
    title, *heads = _IDENTITIES[language]
    told = [(f"`{name}`", equation_of(declared)) for name, declared in identities.items()]
    yield _table(title, heads, told)


def _notes(language: str, known: list[Metric], ratios: dict[str, Any]) -> dict[str, str]:
    """{family: what is true of each metric of it}, with the ratios over what is counted by day."""
    distinct = {one.name for one in known if one.family == "distinct"}
    over = (
        name
        for name, declared in ratios.items()
        if not distinct.isdisjoint((declared["numerator"], declared["denominator"]))
    )
    separator = ", " if language == "en" else "、"
    listed = separator.join(map("`{}`".format, over))
    return {family: text.format(ratios=listed) for family, text in _NOTES[language].items()}


def write(project: Path) -> None:
    """Write the page in each language, and dbt's first one."""
    for language, name in PAGES.items():
        (project / name).write_text(page(project, language), encoding="utf-8")
    (project / OVERVIEW).write_text(overview(project), encoding="utf-8")


def known_metrics(project: Path) -> Iterator[Metric]:
    """Every metric of the semantic layer, in the order of its files."""
    variables = yaml.safe_load((project / "dbt_project.yml").read_text("utf-8"))["vars"]
    ratios: dict[str, dict[str, Any]] = variables["metrics"]
    texts = dict(_doc_blocks(project))
    for file in _FILES:
        declared = yaml.safe_load((project / f"models/semantic/{file}.yml").read_text("utf-8"))
        for metric in declared["metrics"]:
            name, meta = metric["name"], metric["config"]["meta"]
            named = re.match(r"{{ doc\('(\w+)'\) }}", metric["description"])
            english = texts[named[1]] if named else metric["description"]
            chinese = meta.get("definition_zh", "")
            family = meta["additivity"]
            if ratio := ratios.get(name):
                english = _of_a_ratio(english)
                chinese = "；".join(part for part in (_formula(ratio), chinese) if part)
            if file == "finance_statements" or (ratio and ratio.get("over") == "finance"):
                family = "finance"
            meaning = {"en": english, "zh": chinese}
            yield Metric(name, family, meta["label_zh"], meaning, meta["unit"], meta["owner"])


def _formula(ratio: dict[str, Any]) -> str:
    numerator = ratio["numerator"]
    if "minus" in ratio:
        numerator = f"({numerator} − {ratio['minus']})"
    scale = f"{ratio['scale']} · " if "scale" in ratio else ""
    return f"{scale}{numerator} / {ratio['denominator']}"


def _of_a_ratio(text: str) -> str:
    """Without what is true of every ratio, and said once above."""
    told = re.sub(r"A ratio of sums: never averaged, never added up\.", "", text)
    return re.sub(r"NULL where \w+ is 0\.", "", told).strip()


def _doc_blocks(project: Path) -> Iterator[tuple[str, str]]:
    for file in sorted((project / "models" / "docs").glob("*.md")):
        blocks = r"{% docs (\w+) %}(.*?){% enddocs %}"
        for name, text in re.findall(blocks, file.read_text("utf-8"), re.DOTALL):
            yield name, " ".join(text.split())


def columns_of_marts(project: Path) -> Iterator[tuple[str, set[str]]]:
    """Each mart's name, and the columns that it is declared with."""
    for file in sorted((project / "models" / "marts").rglob("*.yml")):
        for mart in yaml.safe_load(file.read_text("utf-8")).get("models", []):
            yield mart["name"], {column["name"] for column in mart["columns"]}


def _shown_on_pages(project: Path, named: dict[str, list[str]]) -> Iterator[tuple[str, set[str]]]:
    """Each dashboard's name, and what it shows: metrics, columns, and those of its identities."""
    for dashboard in read_pages(project):
        names = {
            name for tile in dashboard.tiles for name in (*tile.metrics_shown, *tile.columns_shown)
        }
        chains = [named[tile.identity] for tile in dashboard.tiles if tile.kind == "chain"]
        yield dashboard.name, names.union(*chains)


def _unit_zh(unit: str) -> str:
    """A unit in Chinese."""
    if unit in _UNITS_ZH:
        return _UNITS_ZH[unit]
    above, below = unit.split(" per ")
    return f"{_UNITS_ZH[above]}/{_UNITS_ZH[below]}"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _table(
    title: str, columns: Iterable[str], rows: Iterable[tuple[str, ...]], note: str = ""
) -> str:
    heads = tuple(columns)
    lines = [heads, ("---",) * len(heads), *rows]
    return "\n".join(
        [
            *(f"## {title}", "", *([note] if note else [])),
            *(f"| {' | '.join(cells)} |" for cells in lines),
            "",
        ],
    )


if __name__ == "__main__":
    write(find_project(Path.cwd()))
