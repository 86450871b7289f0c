"""What a reader sees: every page in a headless Chromium, held against the marts."""

import os
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser
from playwright.sync_api import Page as BrowserPage

from tributary.dashboard.browser import find_browser, headless, ready_after_ms, wait_until_drawn
from tributary.dashboard.pages import read_pages
from tributary.dashboard.site import file_of
from tributary.publish.reading import MARTS, opened
from tributary.settings import Settings

ROOT = Path(__file__).resolve().parents[3]
PAGES = read_pages(ROOT)
FILES = [file_of(page, PAGES) for page in PAGES]
FROM, TO = "2026-11-09", "2026-11-15"
SLOWEST_MS = 2_000
PHONE = {"width": 320, "height": 740}

pytestmark = pytest.mark.skipif(
    not find_browser() and not os.environ.get("CI"),
    reason="There is no Chromium on this machine: apt-get install chromium.",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with headless() as made:
        yield made


class Visit:
    """A page that is open, and all that went wrong on it."""

    def __init__(self, page: BrowserPage) -> None:
        self.page = page
        self.said: list[str] = []
        self.asked: list[str] = []
        page.on("console", lambda message: self.said.append(message.text))
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("request", lambda request: self.asked.append(request.url))

    def figures(self, place: str = ".tile") -> dict[str, float]:
        """{metric: the first figure that is shown of it}."""
        shown = self.page.eval_on_selector_all(
            f"{place} [data-metric]",
            "all => all.map(one => [one.dataset.metric, one.dataset.value])",
        )
        return {name: float(value) for name, value in reversed(shown) if value}

    def choose(self, selector: str, value: str) -> None:
        """Choose a filter, and wait for what it changes."""
        times = int(self.page.evaluate("document.documentElement.dataset.drawn"))
        if self.page.eval_on_selector(selector, "one => one.tagName") == "SELECT":
            self.page.select_option(selector, value)
        elif value:
            self.page.fill(selector, value)
        else:
            self.page.click(selector)
        wait_until_drawn(self.page, times + 1)


@pytest.fixture
def visit(browser: Browser, site: Path) -> Iterator[Any]:
    opened_pages = []

    def go(file: str, said: str = f"lang=en&from={FROM}&to={TO}", **options: Any) -> Visit:
        page = browser.new_page(**options)
        opened_pages.append(page)
        made = Visit(page)
        page.goto(f"{(site / file).as_uri()}#{said}")
        wait_until_drawn(page)
        return made

    yield go
    for page in opened_pages:
        page.close()


def answer(settings: Settings, sql: str) -> dict[str, float]:
    """One row of the published marts, by column."""
    with opened(settings.warehouse) as (_, marts):
        marts.execute(f"use {MARTS}")
        asked = marts.execute(sql)
        names = [column for column, *_ in asked.description]
        row = asked.fetchone()
    assert row
    return {name: float(value) for name, value in zip(names, row, strict=True)}


SUMS = """
    select
        sum(revenue) as revenue, sum(requests) as requests, sum(ad_impressions) as ad_impressions,
        sum(ad_clicks) as ad_clicks, sum(users) / {days} as users,
        sum(active_advertisers) / {days} as active_advertisers,
        sum(ad_requests) / sum(requests) as pvr,
        sum(ad_impressions) / sum(ad_requests) as asn, sum(ad_clicks) / sum(ad_impressions) as ctr2,
        sum(revenue) / sum(ad_clicks) as acp
    from {mart} where requested_on between '{first}' and '{last}' and {where}
"""


def sums(first: str, last: str, where: str, mart: str = "revenue_daily_by_segment") -> str:
    days = (date.fromisoformat(last) - date.fromisoformat(first)).days + 1
    return SUMS.format(mart=mart, first=first, last=last, where=where, days=days)


@pytest.mark.parametrize("file", FILES)
def test_a_page_draws_itself_without_a_word_of_complaint(visit: Any, file: str) -> None:
    seen = visit(file)
    assert seen.said == []
    assert all(url.startswith(("file:", "data:", "blob:")) for url in seen.asked), seen.asked
    page = seen.page
    assert page.locator(".tile").count() == len(PAGES[FILES.index(file)].tiles)
    for tile in page.locator(".tile").all():
        has_content = tile.locator(
            ".figure, svg .mark-rect path, svg .mark-line path, strong, td, .empty"
        )
        assert has_content.count() > 0, tile.inner_text()
    assert ready_after_ms(page) <= SLOWEST_MS


def test_headline_figures_are_those_of_the_marts(visit: Any, settings: Settings) -> None:
    shown = visit("index.html").figures()
    expected = answer(settings, sums(FROM, TO, "surface = '(all)'", "revenue_daily"))
    assert {name: shown[name] for name in expected} == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("file", "mart", "where"),
    [
        ("index.html", "revenue_daily", "surface = '(all)'"),
        ("local.html", "local_funnel_daily", "region_code = '(all)'"),
        ("advertisers.html", "revenue_daily", "surface = '(all)'"),
    ],
)
def test_every_headline_figure_of_a_day_is_the_column_of_the_mart(
    visit: Any, settings: Settings, file: str, mart: str, where: str
) -> None:
    page = PAGES[FILES.index(file)]
    names = next(tile.metrics_shown for tile in page.tiles if tile.kind == "figures")
    for day in (TO, "2026-10-25"):
        row = answer(
            settings,
            f"select {', '.join(names)} from {mart} where requested_on = '{day}' and {where}",
        )
        shown = visit(file, f"from={day}&to={day}").figures(".figures")
        assert shown == pytest.approx(row, rel=1e-12)


def test_a_day_s_figures_are_the_row_of_the_mart(visit: Any, settings: Settings) -> None:
    for day in ("2026-11-15", "2026-11-01"):
        shown = visit("index.html", f"from={day}&to={day}").figures()
        row = answer(
            settings,
            "select revenue, requests, ad_impressions, ad_clicks, users, active_advertisers, pvr,"
            " asn, ctr2, acp from revenue_daily"
            f" where requested_on = '{day}' and surface = '(all)'",
        )
        assert {name: shown[name] for name in row} == pytest.approx(row, rel=1e-12)


@pytest.mark.parametrize(
    ("selector", "value", "where"),
    [
        ("#surface", "search", "dimension = 'surface' and dimension_value = 'search'"),
        ("#region_code", "cn-sh", "dimension = 'region_code' and dimension_value = 'cn-sh'"),
        # On some days nobody came from there: the mean is over all of them.
        ("#region_code", "us-tx", "dimension = 'region_code' and dimension_value = 'us-tx'"),
        ("#device_type", "phone", "dimension = 'device_type' and dimension_value = 'phone'"),
    ],
)
def test_a_filter_shows_its_slice(
    visit: Any, settings: Settings, selector: str, value: str, where: str
) -> None:
    seen = visit("index.html")
    whole = seen.figures()
    # Another dimension first: the marts hold one at a time, and so does the page.
    other = ("#device_type", "phone") if selector == "#surface" else ("#surface", "feed")
    seen.choose(*other)
    seen.choose(selector, value)
    shown = seen.figures()
    expected = answer(settings, sums(FROM, TO, where))
    assert {name: shown[name] for name in expected} == pytest.approx(expected, rel=1e-12)
    assert shown["revenue"] != whole["revenue"]
    assert value in seen.page.inner_text("#chosen")
    chosen = seen.page.eval_on_selector_all("[data-filter]", "all => all.map(one => one.value)")
    assert sorted(chosen) == ["", "", value]


@pytest.mark.parametrize(
    ("file", "chains"), [("index.html", 1), ("advertisers.html", 2)], ids=["revenue", "advertisers"]
)
@pytest.mark.parametrize("said", ["", f"from={FROM}&to={TO}&region_code=us-tx", "from=2026-11-15"])
def test_factors_shown_multiply_to_the_result_shown(
    visit: Any, file: str, chains: int, said: str
) -> None:
    page = visit(file, said or f"from={FROM}&to={TO}").page
    assert page.locator(".chain").count() == chains
    for chain in page.locator(".chain").all():
        values = chain.locator("[data-metric]").evaluate_all(
            "all => all.map(one => one.dataset.value)"
        )
        signs = chain.locator(".sign").all_inner_texts()
        if "" in values:
            continue
        product = float(values[1])
        for sign, value in zip(signs[1:], values[2:], strict=True):
            product = product / float(value) if sign == "÷" else product * float(value)
        assert product == pytest.approx(float(values[0]), rel=1e-12)


def test_changes_of_means_are_over_the_days_chosen(visit: Any, settings: Settings) -> None:
    seen = visit("index.html", f"from={FROM}&to={TO}&region_code=us-tx")
    where = "dimension = 'region_code' and dimension_value = 'us-tx'"
    now, before = (
        answer(settings, sums(*days, where)) for days in ((FROM, TO), ("2026-11-02", "2026-11-08"))
    )
    card = seen.page.locator(".cards > div").filter(has_text="Users, a day")
    moved = 100 * (now["users"] / before["users"] - 1)
    shown = card.locator(".change").inner_text()
    assert float(re.sub(r"[^\d.]", "", shown)) == pytest.approx(abs(moved), abs=0.01)
    assert ("▲" in shown) == (moved > 0)


def test_the_period_changes_the_figures(visit: Any, settings: Settings) -> None:
    seen = visit("index.html")
    seen.choose("#from", "2026-10-20")
    expected = answer(settings, sums("2026-10-20", TO, "surface = '(all)'", "revenue_daily"))
    assert seen.figures()["revenue"] == pytest.approx(expected["revenue"], rel=1e-12)
    # A last day before the first takes the first along.
    seen.choose("#to", "2026-10-19")
    assert seen.page.input_value("#from") == "2026-10-19"
    seen.choose("[data-days='0']", "")
    assert (seen.page.input_value("#from"), seen.page.input_value("#to")) == ("2026-10-19", TO)


def test_a_change_is_against_as_many_days_before(visit: Any, settings: Settings) -> None:
    seen = visit("index.html")
    now = answer(settings, sums(FROM, TO, "surface = '(all)'", "revenue_daily"))
    before = answer(
        settings, sums("2026-11-02", "2026-11-08", "surface = '(all)'", "revenue_daily")
    )
    moved = 100 * (now["revenue"] / before["revenue"] - 1)
    shown = seen.page.locator(".figures .change").first.inner_text()
    assert float(re.sub(r"[^\d.]", "", shown)) == pytest.approx(abs(moved), abs=0.01)
    assert ("▲" in shown) == (moved > 0)
    seen.choose("#from", "2026-10-20")
    assert "no earlier days" in seen.page.locator(".figures .change").first.inner_text()


def test_the_waterfall_is_the_newest_comparison_and_adds_up(visit: Any, settings: Settings) -> None:
    seen = visit("index.html")
    asked = """
        select min(result_base) as base, min(result_now) as now, sum(contribution) as moved
        from revenue_drivers
        where comparison = '{}' and period_starts_on = '{}' and identity = 'five_factor'
            and dimension = '(all)'
    """
    for comparison, day in (("same_weekday", TO), ("week_on_week", FROM)):
        seen.choose(".waterfall select", comparison)
        row = answer(settings, asked.format(comparison, day))
        held = seen.page.eval_on_selector(
            ".waterfall .body", "one => [one.dataset.base, one.dataset.now]"
        )
        assert [float(value) for value in held] == pytest.approx(
            [row["base"], row["now"]], rel=1e-12
        )
        assert row["base"] + row["moved"] == pytest.approx(row["now"], abs=1e-6)
        seen.page.click(".waterfall summary")
        seen.page.wait_for_selector(".waterfall tbody tr:nth-child(7)")


def test_the_local_funnel_is_the_mart_s(visit: Any, settings: Settings) -> None:
    seen = visit("local.html")
    seen.choose("#region_code", "cn-sh")
    stages = (
        *("requests", "ad_requests", "ad_impressions", "ad_clicks", "ad_actions"),
        *("results_returned", "clicks", "detail_views", "actions"),
    )
    summed = ", ".join(f"sum({stage}) as {stage}" for stage in stages)
    expected = answer(
        settings,
        f"select {summed} from local_funnel_daily"
        f" where region_code = 'cn-sh' and requested_on between '{FROM}' and '{TO}'",
    )
    shown = seen.figures(".funnel")
    assert {stage: shown[stage] for stage in stages} == expected


def test_the_largest_advertisers_are_the_mart_s(visit: Any, settings: Settings) -> None:
    seen = visit("advertisers.html")
    with opened(settings.warehouse) as (_, marts):
        marts.execute(f"use {MARTS}")
        expected = marts.execute(
            "select advertiser_id from advertiser_daily"
            f" where requested_on between '{FROM}' and '{TO}'"
            " group by 1 order by sum(revenue) desc limit 15"
        ).fetchall()
    shown = seen.page.locator(".rows tbody tr td:first-child").all_inner_texts()
    assert shown == [advertiser for (advertiser,) in expected]


def test_rows_of_no_readable_day_are_counted_among_all_days(visit: Any, settings: Settings) -> None:
    seen = visit("health.html")
    seen.choose("[data-days='0']", "")
    expected = answer(
        settings,
        "select sum(raw_rows) as raw, sum(quarantined_rows) as held from conservation_daily",
    )
    table = seen.page.locator(".tile").first
    for column, name in ((2, "raw"), (5, "held")):
        cells = table.locator(f"tbody td:nth-child({column})").all_inner_texts()
        assert sum(int(cell.replace(",", "")) for cell in cells) == expected[name]


@pytest.mark.parametrize("file", FILES)
def test_chinese_takes_the_place_of_english(visit: Any, file: str) -> None:
    seen = visit(file)
    page = PAGES[FILES.index(file)]
    assert page.title.en in seen.page.inner_text("h1")
    seen.choose("#language", "")
    assert seen.page.inner_text("h1").strip() == page.title.zh
    assert seen.page.get_attribute("html", "lang") == "zh"
    headings = [text.strip() for text in seen.page.locator("h2").all_inner_texts()]
    assert headings == [tile.title.zh for tile in page.tiles]
    # It stays when another page is opened.
    assert all(
        "lang=zh" in (link.get_attribute("href") or "") for link in seen.page.locator("nav a").all()
    )
    assert seen.said == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("file", FILES)
def test_a_page_has_no_fault_of_access(visit: Any, file: str, scheme: str) -> None:
    seen = visit(file, color_scheme=scheme)
    found = Axe().run(seen.page).response["violations"]
    assert [(one["id"], [node["target"] for node in one["nodes"]]) for one in found] == []


@pytest.mark.parametrize("file", FILES)
def test_a_page_fits_a_phone(visit: Any, file: str) -> None:
    page = visit(file, viewport=PHONE).page
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_filters_answer_to_the_keyboard(visit: Any) -> None:
    page = visit("index.html").page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    reached = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id || document.activeElement.tagName"))
    assert {"language", "from", "to", "surface", "region_code", "device_type", "SELECT"} <= reached
    page.focus("#surface")
    times = int(page.evaluate("document.documentElement.dataset.drawn"))
    page.keyboard.press("ArrowDown")
    wait_until_drawn(page, times + 1)
    assert page.input_value("#surface") != ""


def test_a_date_that_is_typed_is_taken_when_the_field_is_left(visit: Any) -> None:
    page = visit("index.html").page
    page.focus("#from")
    page.keyboard.type("10202026")
    page.keyboard.press("Enter")
    assert page.input_value("#from") == "2026-10-20"
    page.focus("#to")
    page.keyboard.type("11152026")
    page.focus("#language")
    assert page.input_value("#from") == "2026-10-20"
    assert page.input_value("#to") == "2026-11-15"


def test_skipping_to_the_figures_keeps_the_choice(visit: Any) -> None:
    page = visit("index.html", f"lang=zh&from={FROM}&to={TO}&surface=search").page
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "figures"
    assert page.input_value("#surface") == "search"
    assert page.get_attribute("html", "lang") == "zh"


@pytest.mark.parametrize("file", FILES)
def test_every_chart_says_in_words_what_it_shows(visit: Any, file: str) -> None:
    page = visit(file, f"lang=zh&from={FROM}&to={TO}").page
    for chart in page.locator(".chart").all():
        assert chart.get_attribute("role") == "img"
        told = chart.get_attribute("aria-label") or ""
        assert re.search(r"[\u4e00-\u9fff]", told)
        assert "Vega" not in told
    aloud = "all => all.filter(one => !one.closest('[aria-hidden=true]')).length"
    assert page.eval_on_selector_all("[role=graphics-document]", aloud) == 0


def test_a_mark_tells_its_day(visit: Any) -> None:
    page = visit("index.html").page
    page.locator(".series svg .mark-rect path").first.hover()
    page.wait_for_selector("#vg-tooltip-element.visible")
    assert f"{FROM}" in page.inner_text("#vg-tooltip-element")


def test_bars_that_are_not_drawn_are_said_and_among_the_data(
    visit: Any, settings: Settings
) -> None:
    seen = visit("health.html")
    seen.choose("[data-days='0']", "")
    reasons = answer(
        settings,
        "select count(distinct reason) as n from quarantine_summary where first_reason_rows <> 0",
    )["n"]
    tile = seen.page.locator(".bars").first
    assert f"{reasons - 12:.0f} more values" in tile.inner_text()
    tile.locator("summary").click()
    tile.locator("tbody tr").nth(int(reasons) - 1).wait_for()


def test_a_choice_is_in_the_address_and_a_wrong_one_is_not_taken(visit: Any) -> None:
    seen = visit("index.html", "lang=en&from=2026-11-10&to=2026-11-12&surface=search")
    assert seen.page.input_value("#surface") == "search"
    assert seen.page.input_value("#from") == "2026-11-10"
    both = visit("index.html", f"from={FROM}&to=2026-02-30&surface=search&region_code=cn-bj")
    assert both.page.input_value("#to") == TO
    assert both.page.input_value("#region_code") == ""
    seen.choose(".waterfall select", "day_on_day")
    again = visit("index.html", seen.page.url.partition("#")[2])
    assert again.page.input_value(".waterfall select") == "day_on_day"
    odd = visit("index.html", "from=banana&to=2031-01-01&surface=<img src=x>&lang=xx")
    assert odd.page.input_value("#to") == TO
    assert odd.page.input_value("#surface") == ""
    assert odd.said == []


@pytest.mark.parametrize(
    ("said", "first", "last", "is_told"),
    [
        ("from=2025-01-01&to=2026-11-12", None, "2026-11-12", True),
        ("to=2026-11-12", "2026-11-06", "2026-11-12", False),
        ("from=2025-01-01&to=2025-01-31", None, None, True),
        (f"from={FROM}&to={TO}&surface=nowhere", FROM, TO, True),
        (f"from={FROM}&to={TO}", FROM, TO, False),
    ],
)
def test_days_that_a_page_does_not_hold_become_the_nearest_and_that_is_said(
    visit: Any, said: str, first: str | None, last: str | None, is_told: bool
) -> None:
    page = visit("index.html", f"lang=en&{said}").page
    earliest = page.get_attribute("#from", "min")
    shown = (page.input_value("#from"), page.input_value("#to"))
    assert shown == (first or earliest, last or earliest)
    assert page.is_visible("#not-taken") == is_told


def test_a_slice_is_kept_by_way_of_a_page_that_has_no_filter(visit: Any) -> None:
    page = visit("health.html", f"lang=en&from={FROM}&to={TO}&surface=local").page
    assert "surface=local" in page.eval_on_selector("nav a", "first => first.hash")


def test_a_figure_that_was_below_zero_tells_how_far_it_moved(visit: Any) -> None:
    """ROI was below zero on the ninth, and is far above on the tenth: no share tells that."""
    seen = visit("advertisers.html", "lang=en&from=2026-11-10&to=2026-11-10")
    box = seen.page.locator(".figure[data-metric='roi']").first
    now = float(box.get_attribute("data-value"))
    before = visit("advertisers.html", "lang=en&from=2026-11-09&to=2026-11-09").page
    was = float(before.locator(".figure[data-metric='roi']").first.get_attribute("data-value"))
    assert was < 0 < now
    told = box.locator("xpath=following-sibling::div").inner_text()
    assert told.startswith("▲ +")
    assert float(told.removeprefix("▲ +")) == pytest.approx(now - was, rel=1e-4)


def test_what_is_distinct_by_day_says_so_and_so_does_a_ratio_over_it(visit: Any) -> None:
    page = visit("advertisers.html", f"lang=en&from={FROM}&to={TO}").page
    labels = page.locator(".figures dt, .factors .soft").all_inner_texts()
    told = [text for text in labels if text.split(",")[0] in ("ARPU", "Active advertisers")]
    assert told
    assert all(text.endswith(", a day") for text in told)
