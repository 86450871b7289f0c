"""The pages as files: nothing in them asks for anything beyond their folder."""

import json
import re
from collections.abc import Mapping
from datetime import timedelta
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, get_args

from tributary.dashboard.data import Span, Table, rows_of
from tributary.dashboard.pages import (
    FOLDER,
    WORDS,
    DashboardError,
    Filter,
    Page,
    read_pages,
    read_words,
)
from tributary.metrics_page import Metric, known_metrics
from tributary.publish.manifest import Manifest
from tributary.publish.publication import Publication
from tributary.publish.reading import days_of, opened
from tributary.rendering import Renderer
from tributary.settings import Settings

ASSETS = Path(__file__).with_name("assets")
SCRIPT, STYLE = "dashboard.js", "dashboard.css"
FIRST = "index.html"
DAYS = 92
_MOST_DAYS = 36_525
_SAID = re.compile(r'\bsay\("(\w+)"\)')


def write_site(settings: Settings, folder: Path, days: int = DAYS) -> Manifest:
    """Write every page of what is published now, over an earlier site in the same folder.

    Args:
        settings: which project declares the pages, and which warehouse has the marts.
        folder: where the site goes; made if it is not there.
        days: how many days the pages hold, up to the newest.

    Returns:
        The manifest of the publication that the site shows.

    Raises:
        DashboardError: a page cannot be made or written, or the charts' library is not installed.
        QuestionError: nothing is published, or it cannot be read.
    """
    pages, words = read_pages(settings.project), read_words(settings.project)
    renderer = Renderer.of_project(settings.project)
    metrics = {
        metric.name: _definition(metric, renderer.variables["metrics"])
        for metric in known_metrics(settings.project)
    }
    with opened(settings.warehouse) as (publication, marts):
        span = span_of(publication, days)
        for page in pages:
            _check_names(page, metrics, renderer.variables)
        shown = {page.name: rows_of(marts, page, span, settings) for page in pages}
    for page in pages:
        _check_columns(page, shown[page.name], renderer)
    _check_words(words)
    html = {page.name: _html(page, pages, words) for page in pages}
    _refuse_foreign(folder, pages)
    manifest = publication.manifest
    try:
        (folder / "assets").mkdir(parents=True, exist_ok=True)
        _write_charts(folder / "assets")
        for asset in (STYLE, SCRIPT):
            _write(folder / "assets" / asset, (ASSETS / asset).read_text("utf-8"))
        for page in pages:
            payload = {
                "page": page.model_dump(mode="json"),
                "filters": get_args(Filter),
                "words": words,
                "metrics": metrics,
                "identities": renderer.variables["identities"],
                "publication": {
                    "run_id": manifest.run_id,
                    "made_at": f"{manifest.made_at:%Y-%m-%d %H:%M} UTC",
                    "currency": manifest.currency,
                    "first_day": span.since.isoformat(),
                    "last_day": span.last.isoformat(),
                },
                "data": shown[page.name],
            }
            # A tag within a value must not end the script that holds it; nor is NaN any JSON.
            text = json.dumps(payload, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
            script = f"window.tributary = {text};\n"
            _write(folder / "assets" / f"{page.name}.js", script)
            _write(folder / file_of(page, pages), html[page.name])
        _remove_others(folder, pages)
    except OSError as failed:
        raise DashboardError(f"The site cannot be written to {folder}: {failed}.") from failed
    return manifest


def span_of(publication: Publication, days: int) -> Span:
    """The last so many days of a publication.

    Raises:
        QuestionError: it has none.
    """
    first, last = days_of(publication)
    return Span(max(first, last - timedelta(days=min(days, _MOST_DAYS) - 1)), last, first)


def file_of(page: Page, pages: list[Page]) -> str:
    """The file of a page: the first is what a browser opens of a folder."""
    return FIRST if page is pages[0] else f"{page.name}.html"


def _refuse_foreign(folder: Path, pages: list[Page]) -> None:
    """Nobody's own page is written over."""
    foreign = [
        file.name
        for file in (folder / file_of(page, pages) for page in pages)
        if file.exists() and not _is_ours(file)
    ]
    assets = folder / "assets"
    if not (assets / SCRIPT).exists():
        files = (STYLE, *(f"{page.name}.js" for page in pages))
        foreign += [f"assets/{name}" for name in files if (assets / name).exists()]
    if foreign:
        raise DashboardError(
            f"{folder} has {', '.join(foreign)}, which is none of these pages. Name another folder."
        )


def _is_ours(page: Path) -> bool:
    return f"assets/{SCRIPT}" in page.read_text("utf-8", "replace")


def _write(file: Path, text: str) -> None:
    """In one step: a server may be reading what was there."""
    half = file.with_name(f".{file.name}.half")
    half.write_text(text, "utf-8")
    half.replace(file)


def _remove_others(folder: Path, pages: list[Page]) -> None:
    """Pages that were declared once would go on showing what they showed."""
    kept = {file_of(page, pages) for page in pages}
    for file in folder.glob("*.html"):
        if file.name not in kept and _is_ours(file):
            file.unlink()
            (folder / "assets" / f"{file.stem}.js").unlink(missing_ok=True)


def _html(page: Page, pages: list[Page], words: dict[str, dict[str, str]]) -> str:
    from jinja2 import Environment, StrictUndefined, UndefinedError

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string((ASSETS / "page.html").read_text("utf-8"))
    files = [(other, file_of(other, pages)) for other in pages]
    try:
        return template.render(page=page, pages=files, words=words, charts=charts_file())
    except UndefinedError as failed:
        raise DashboardError(f"{FOLDER}/{WORDS} lacks a word of every page: {failed}.") from failed


def charts_file() -> str:
    """The name of the script of the charts, which tells its version.

    Raises:
        DashboardError: the library is not installed.
    """
    try:
        return f"vega-{version('vl-convert-python')}.js"
    except PackageNotFoundError as failed:
        raise DashboardError(
            "The charts' library is not installed: uv sync --extra dashboard (or pip install "
            "'tributary[dashboard]')."
        ) from failed


def _write_charts(assets: Path) -> None:
    """Vega-Lite with its renderer, as one script, once."""
    file = assets / charts_file()
    if file.exists():
        return
    import vl_convert

    _write(file, vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;"))


def _definition(metric: Metric, ratios: dict[str, Any]) -> dict[str, Any]:
    formula = ratios.get(metric.name, {})
    is_short = len(metric.name) <= 5 and metric.name not in ("users", "clicks")
    english = metric.name.upper() if formula and is_short else _as_words(metric.name)
    return {
        "label": {"en": english, "zh": metric.label_zh},
        "family": metric.family,
        "format": _format(metric),
        **{key: formula[key] for key in ("numerator", "minus", "denominator") if key in formula},
        "scale": formula.get("scale", 1),
    }


def _as_words(name: str) -> str:
    words = name.replace("_", " ")
    return words[0].upper() + words[1:]


def _format(metric: Metric) -> str:
    if "currency" in metric.unit:
        return "money"
    return {"count": "count", "share": "share"}.get(metric.unit, "number")


def _check_words(words: dict[str, dict[str, str]]) -> None:
    """Refuse words that lack one that the script says: its name would be shown in its place."""
    said = set(_SAID.findall((ASSETS / SCRIPT).read_text("utf-8")))
    if lacking := sorted(said.difference(words)):
        raise DashboardError(f"{FOLDER}/{WORDS} lacks {', '.join(lacking)}, which pages say.")


def _check_names(page: Page, metrics: dict[str, Any], variables: Mapping[str, Any]) -> None:
    """Refuse a page that shows what is not declared: its figures would be missing in silence."""
    comparisons = set(variables["comparisons"])
    for tile in page.tiles:
        if tile.kind == "waterfall" and (strange := set(tile.comparisons) - comparisons):
            raise DashboardError(
                f"dashboards/{page.name}.yml: the tile {tile.title.en!r} compares by "
                f"{', '.join(sorted(strange))}, which is not declared. Declared are: "
                f"{', '.join(sorted(comparisons))}."
            )
        named = {tile.identity: variables["identities"]} if tile.kind == "chain" else {}
        for name, known in {**named, **dict.fromkeys(tile.metrics_shown, metrics)}.items():
            if name not in known:
                raise DashboardError(
                    f"dashboards/{page.name}.yml: the tile {tile.title.en!r} shows {name!r}, and "
                    "neither a metric nor an identity of that name is declared."
                )


def _check_columns(page: Page, data: dict[str, Table], renderer: Renderer) -> None:
    """Refuse what names a column that its data has not: it would be shown as nothing."""
    for name, dataset in page.data.items():
        asked = {*filter(None, [dataset.day]), *dataset.filters.values()}
        asked |= {"dimension", "dimension_value"} if dataset.is_sliced else set()
        _refuse_absent(page, f"The data {name}", asked, data[name])
    for tile in page.tiles:
        asked = set(tile.columns_shown)
        if tile.kind == "chain":
            declared = renderer.variables["identities"][tile.identity]
            asked.update(renderer.call("quantities_of", declared))
        for name in tile.metrics_shown:
            asked.update(renderer.call("components_of", name))
        _refuse_absent(page, f"The tile {tile.title.en!r}", asked, data[tile.data])


def _refuse_absent(page: Page, what: str, asked: set[str], table: Table) -> None:
    absent = asked.difference(table["columns"])
    if absent and not table["is_missing"]:
        raise DashboardError(
            f"dashboards/{page.name}.yml: {what} needs {', '.join(sorted(absent))}, which its data "
            f"does not have. It has {', '.join(table['columns'])}."
        )
