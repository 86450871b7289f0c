"""The page of all metrics is what the declarations say, in both languages."""

import re
from pathlib import Path

import pytest

from tributary.metrics_page import OVERVIEW, PAGES, overview, page

ROW = r"^\| `(\w+)` \| (.+?) \| (.+?) \| (.+?) \| "


@pytest.mark.parametrize("language", PAGES)
def test_the_page_is_made_of_the_declarations_as_they_are(root: Path, language: str) -> None:
    written = (root / PAGES[language]).read_text("utf-8")
    assert written == page(root, language), "Run: uv run python -m tributary.metrics_page"


def test_the_first_page_of_dbt_s_site_has_the_metrics(root: Path) -> None:
    written = (root / OVERVIEW).read_text("utf-8")
    assert written == overview(root), "Run: uv run python -m tributary.metrics_page"
    assert len(re.findall(ROW, written, re.M)) == 60


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


def test_a_formula_and_an_equation_are_told(root: Path) -> None:
    english, chinese = (page(root, language) for language in ("en", "zh"))
    assert "| `roi` | 净投资回报率 | (action_value − revenue) / revenue. |" in english
    assert "| 1000 · revenue / ad_impressions；又称 eCPM。 | 报告币种/千次展现 |" in chinese
    assert "| `cpa_chain` | cpa = acp / cvr |" in chinese
