"""The page of all metrics is what the declarations say, in both languages."""

import re
from pathlib import Path

import pytest
import yaml

from tributary.dashboard.pages import read_pages, read_words
from tributary.metrics_page import OVERVIEW, PAGES, known_metrics, overview, page

NARROW_ROW = r"^\| `(\w+)` ([^|]*[一-鿿][^|]*) \| ([^|]+) \| Marts: ([^|]+) \|$"


@pytest.mark.parametrize("language", PAGES)
def test_the_page_is_made_of_the_declarations_as_they_are(root: Path, language: str) -> None:
    written = (root / PAGES[language]).read_text("utf-8")
    assert written == page(root, language), "Run: uv run python -m tributary.metrics_page"


def test_the_first_page_of_dbt_s_site_has_the_metrics(root: Path) -> None:
    written = (root / OVERVIEW).read_text("utf-8")
    assert written == overview(root), "Run: uv run python -m tributary.metrics_page"
    assert len(re.findall(NARROW_ROW, written, re.M)) == 60


def test_the_first_page_of_dbt_s_site_fits_its_card(root: Path) -> None:
    """A name of code breaks nowhere: 8 pixels a letter, 32 a cell, 250 for the prose."""
    rows = re.findall(NARROW_ROW, overview(root), re.M)
    names = max(len(name) for name, *_ in rows)
    places = max(len(place) for *_, where in rows for place in re.findall(r"`(\w+)`", where))
    within_the_card = 860
    assert 8 * (names + places) + 32 * 3 + 250 <= within_the_card


def test_each_metric_is_described_in_both_languages(root: Path) -> None:
    rows = {
        language: re.findall(
            r"^\| `(\w+)` \| (.+?) \| (.+?) \| (.+?) \| ", page(root, language), re.M
        )
        for language in PAGES
    }
    names = {language: [row[0] for row in found] for language, found in rows.items()}
    assert names["en"] == names["zh"]
    assert len(names["en"]) == 60
    assert all(re.search(r"[一-鿿]", "".join(row[2:])) for row in rows["zh"])


def test_whoever_answers_for_a_metric_and_where_it_is_shown_are_told(root: Path) -> None:
    (row,) = re.findall(r"^\| `pvr` .*$", page(root, "en"), re.M)
    assert "| share | Ads strategy |" in row
    assert row.endswith("`search_metrics_daily` | `revenue`, `local` |")
    (chinese,) = re.findall(r"^\| `pvr` .*$", page(root, "zh"), re.M)
    assert "| 占比 | 广告策略 |" in chinese


def test_a_page_that_shows_a_metric_in_a_table_or_as_bars_is_told(root: Path) -> None:
    on_pages = {
        name: set(re.findall(r"\w+", row.rsplit("|", 2)[1]))
        for name, row in re.findall(r"^\| `(\w+)` (.+)$", page(root, "en"), re.M)
    }
    for metric in ("action_value", "ad_clicks", "ad_actions"):
        assert "advertisers" in on_pages[metric]
    for dashboard in read_pages(root):
        for tile in dashboard.tiles:
            for name in {*tile.metrics_shown, *tile.columns_shown} & set(on_pages):
                assert dashboard.name in on_pages[name], (dashboard.name, tile.title.en, name)


def test_a_column_of_a_dashboard_s_table_bears_the_name_of_its_metric(root: Path) -> None:
    labels_zh = {metric.name: metric.label_zh for metric in known_metrics(root)}
    heads = [
        (column.name, column.label)
        for dashboard in read_pages(root)
        for tile in dashboard.tiles
        if tile.kind == "rows"
        for column in tile.columns
        if column.name in labels_zh
    ]
    assert len(heads) > 5
    for name, label in heads:
        assert label.en.lower().replace(" ", "_") == name
        assert label.zh == labels_zh[name]


def test_dashboards_and_readme_call_a_surface_what_the_marts_call_it(root: Path) -> None:
    declared = yaml.safe_load((root / "models/marts/revenue/revenue_daily.yml").read_text("utf-8"))
    columns = {column["name"]: column for column in declared["models"][0]["columns"]}
    label: str = columns["surface"]["config"]["meta"]["label_zh"]
    assert read_words(root)["surface"]["zh"] == label
    for file in [root / "README.zh-CN.md", *(root / "dashboards").glob("*.yml")]:
        assert set(re.findall("流量(?:面|位|场景)", file.read_text("utf-8"))) <= {label}, file


def test_ratios_over_distinct_counts_are_said_to_be_of_a_day(root: Path) -> None:
    for language, said in (("en", "MetricFlow counts each user"), ("zh", "只计一次")):
        text = page(root, language)
        assert said in text
        (listed,) = re.findall(r"^.*`arpu`[,、].*$", text, re.M)
        assert set(re.findall(r"`(\w+)`", listed)) == {
            *("arpu", "clicks_per_advertiser", "requests_per_user", "ad_user_share")
        }


def test_a_formula_and_an_equation_are_told(root: Path) -> None:
    english, chinese = (page(root, language) for language in ("en", "zh"))
    assert "| `roi` | 净投资回报率 | (action_value − revenue) / revenue. |" in english
    assert "| 1000 · revenue / ad_impressions；又称 eCPM。 | 报告币种/千次展现 |" in chinese
    assert "| `cpa_chain` | cpa = acp / cvr |" in chinese
