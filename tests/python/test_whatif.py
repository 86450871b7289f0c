"""Revenue under changed factors: exact in each slice and in sum, and refused in words."""

import json
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from math import exp, log
from pathlib import Path
from typing import Any

import duckdb
import pytest
from published import empty_publication
from typer.testing import CliRunner

from tributary.cli import app
from tributary.publish.places import Places
from tributary.publish.reading import QuestionError
from tributary.whatif.answer import Answer
from tributary.whatif.ask import Question, ask
from tributary.whatif.changes import ChangeError, in_percent, read_changes

FIRST_DAY = date(2026, 3, 2)
DAYS = 30
COLUMNS = (
    *("requests", "ad_requests", "ad_impressions", "ad_clicks", "ad_actions", "users"),
    *("active_advertisers", "revenue"),
)
# What each slice has on each day; revenue in units. Billed by the thousand, and clicked by nobody:
# the identity has no price of a click there.
SURFACES: dict[str, tuple[Any, ...]] = {
    "search": (1_000_000, 600_000, 1_800_000, 90_000, 4_500, 250_000, 900, "45000.000001"),
    "local": (300_000, 270_000, 540_000, 27_000, 900, 90_000, 200, "9000.333333"),
    "splash": (50_000, 50_000, 50_000, 0, 0, 30_000, 9, "800.000000"),
    "feed": (20_000, 8_000, 16_000, 400, 2, 9_000, 5, "-24.500000"),
}


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    """A publication of thirty days of four surfaces, every day alike."""
    places = Places(tmp_path / "warehouse")
    database = empty_publication(places, FIRST_DAY, FIRST_DAY + timedelta(DAYS - 1))
    with duckdb.connect(str(database)) as marts:
        kinds = [f"{name} bigint" for name in COLUMNS[:-1]] + ["revenue decimal(38, 6)"]
        marts.execute(
            f"create table revenue_daily (requested_on date, surface text, {', '.join(kinds)})"
        )
        marts.executemany(
            f"insert into revenue_daily values ({', '.join('?' * (len(COLUMNS) + 2))})",
            [
                [FIRST_DAY + timedelta(number), surface, *figures]
                for number in range(DAYS)
                for surface, figures in SURFACES.items()
            ],
        )
        marts.execute(
            "create table revenue_daily_by_segment as "
            "select 'surface' as dimension, surface as dimension_value, * from revenue_daily"
        )
        sums = ", ".join(f"sum({name})::bigint" for name in COLUMNS[:-1])
        marts.execute(
            f"insert into revenue_daily select requested_on, '(all)', {sums}, sum(revenue) "
            "from revenue_daily group by requested_on"
        )
        marts.execute(
            "create table factor_elasticities (dimension text, dimension_value text, "
            "driver text, response text, elasticity double, standard_error double, "
            "elasticity_low double, elasticity_high double, r_squared double, driver_fall double, "
            "driver_rise double, is_identified boolean, reason text, n bigint)"
        )
        marts.executemany(
            f"insert into factor_elasticities values ('surface', {', '.join('?' * 13)})",
            [
                ["search", "asn", "ctr2", -0.6, 0.05, -0.7, -0.5, 0.8, -0.2, 0.25, True, None, 40],
                ["search", "asn", "acp", 0.9, 0.4, 0.1, 1.7, 0.1, -0.2, 0.25, False, "weak", 40],
            ],
        )
    return places.warehouse


Ask = Callable[..., Answer]


@pytest.fixture
def answer(root: Path, warehouse: Path) -> Ask:
    def asked(*changes: str, **question: Any) -> Answer:
        return ask(root, warehouse, Question(changes=read_changes(list(changes)), **question))

    return asked


def test_revenue_and_each_factors_part_are_those_of_the_identity(answer: Ask) -> None:
    found = answer("asn=+5%", "ctr2=-1%", surface="search").total
    base = Decimal("45000.000001") * 28
    assert found.revenue == base
    assert found.revenue_changed == (base * Decimal("1.0395")).quantize(Decimal("0.000001"))
    parts = {one.factor: one for one in found.contributions}
    mean = float(found.change) / log(1.05 * 0.99)
    assert float(parts["asn"].contribution) == pytest.approx(mean * log(1.05), abs=1e-6)
    assert float(parts["ctr2"].contribution) == pytest.approx(mean * log(0.99), abs=1e-6)
    assert parts["asn"].base == 3.0
    assert parts["asn"].changed == pytest.approx(3.15)
    assert sum(one.contribution for one in found.contributions) == found.change


def test_slices_factors_and_the_total_add_up_to_the_micro_unit(answer: Ask) -> None:
    found = answer("asn=+3.33%", "acp=-1.7%", "requests=+0.01%", by="surface")
    assert [one.slice for one in found.slices] == ["search", "local", "splash", "feed"]
    for one in [*found.slices, found.total]:
        assert one.revenue + one.change == one.revenue_changed
        assert sum(part.contribution for part in one.contributions) == one.change
    assert sum(one.change for one in found.slices) == found.total.change
    for place, part in enumerate(found.total.contributions):
        of_slices = sum(one.contributions[place].contribution for one in found.slices)
        assert of_slices == part.contribution
    whole = answer("requests=+0%").total.revenue
    assert whole == found.total.revenue == 28 * sum(Decimal(row[-1]) for row in SURFACES.values())


def test_a_slice_that_the_identity_says_nothing_of_keeps_its_revenue(answer: Ask) -> None:
    splash = next(one for one in answer("acp=+10%", by="surface").slices if one.slice == "splash")
    assert splash.reason == "acp has no value: ad_clicks is 0"
    assert splash.change == 0
    # By impressions, the identity that fits such a slice, it moves.
    assert answer("cpm2=+10%", identity="per_impression", surface="splash").total.change == 2240


def test_refunds_above_charges_grow_with_the_factors(answer: Ask) -> None:
    feed = answer("requests=+10%", "ctr2=-20%", surface="feed").total
    assert feed.revenue == Decimal("-686.000000")
    assert feed.change == Decimal("82.320000")
    assert feed.contributions[0].contribution < 0 < feed.contributions[1].contribution


def test_two_changes_that_cancel_leave_revenue_and_two_parts(answer: Ask) -> None:
    found = answer("requests=+25%", "acp=-20%", surface="search").total
    one, other = (part.contribution for part in found.contributions)
    assert found.change == 0
    assert one == -other
    assert float(one) == pytest.approx(float(found.revenue) * log(1.25), abs=1e-6)


def test_the_order_of_the_changes_changes_nothing(answer: Ask) -> None:
    changes = ("asn=+5%", "ctr2=-2%", "acp=+1%")
    one, other = answer(*changes), answer(*reversed(changes))
    assert one.total.contributions == other.total.contributions[::-1]
    assert one.total.change_share == pytest.approx(1.05 * 0.98 * 1.01 - 1)


def test_a_firm_association_stands_beside_the_figure_with_its_interval(answer: Ask) -> None:
    found = answer("asn=+5%", surface="search")
    adjusted = found.total.adjusted
    assert adjusted
    plain = float(found.total.revenue_changed)
    assert float(adjusted.revenue) == pytest.approx(plain * exp(-0.6 * log(1.05)))
    assert float(adjusted.low) == pytest.approx(plain * exp(-0.7 * log(1.05)))
    assert float(adjusted.high) == pytest.approx(plain * exp(-0.5 * log(1.05)))
    assert [(one.response, one.is_used) for one in found.associations] == [
        ("acp", False),
        ("ctr2", True),
    ]
    assert "not a cause" in found.caveat
    whole = answer("asn=+5%", by="surface")
    assert whole.total.adjusted
    assert whole.total.adjusted.revenue < whole.total.revenue_changed


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        # Its response is part of the plan; the history never saw so much; nobody knows of it.
        (("asn=+5%", "ctr2=-1%"), None),
        (("asn=+30%",), "beyond what the history saw of asn"),
        (("acp=+5%",), None),
    ],
)
def test_what_is_not_firm_or_not_asked_adjusts_nothing(
    answer: Ask, changes: tuple[str, ...], why: str | None
) -> None:
    found = answer(*changes, surface="search")
    assert found.total.adjusted is None
    assert not why or any(why in (one.reason or "") for one in found.associations)


@pytest.mark.parametrize(
    ("changes", "question", "words"),
    [
        ((), {}, "--set acp=+5%"),
        (("asm=+5%",), {}, 'No identity of revenue has a factor "asm". Write --set with one of'),
        (("cpm2=+5%",), {}, "Write --identity with one that has it: per_impression"),
        (("asn=-100%",), {}, "Write a change above -100%"),
        (("asn=+5%",), {"identity": "six_factor"}, "Write --identity with one of five_factor"),
        (("ctr2=+5%",), {"identity": "ctr1_chain"}, "an identity of ctr1, not of revenue"),
        (("pvr=+66.67%",), {"surface": "search"}, "Write --set pvr=+66.66% or nearer to 0"),
        (("pvr=+12%",), {"by": "surface"}, "pvr of splash is 1.0000"),
        (("asn=-67%",), {"by": "surface"}, "It is there already. Or ask of one slice"),
        (("ctr2=+1900.01%",), {"surface": "search"}, "at most 1. Write --set ctr2=+1900%"),
        (("asn=-67%",), {"surface": "search"}, "at least 1. Write --set asn=-66.66%"),
        (("users=+5%",), {"identity": "per_user"}, "one and the same day, or --identity with"),
        (("asn=+5%",), {"surface": "shop"}, "one of feed, local, search, splash"),
        (("asn=+5%",), {"by": "city"}, "Write --by with one of surface"),
        (("asn=+5%",), {"by": "app", "surface": "local"}, "no dimension app"),
        (("asn=+5%",), {"first_day": date(2027, 1, 1)}, "ends before it begins"),
        (
            ("asn=+5%",),
            {"first_day": date(2027, 1, 1), "last_day": date(2027, 1, 2)},
            "days from 2026-03-02 to 2026-03-31",
        ),
    ],
)
def test_what_cannot_be_answered_is_refused_with_what_to_write(
    answer: Ask, changes: tuple[str, ...], question: dict[str, Any], words: str
) -> None:
    with pytest.raises(QuestionError) as refused:
        answer(*changes, **question)
    assert words in str(refused.value)


def test_a_count_of_users_is_asked_of_one_day(answer: Ask) -> None:
    day = FIRST_DAY + timedelta(3)
    found = answer("users=+5%", identity="per_user", first_day=day, last_day=day, surface="local")
    assert found.total.change == Decimal("450.016667")


def test_a_change_of_the_whole_has_to_fit_in_each_surface(answer: Ask) -> None:
    # Splash has a page with an ad for every request; the whole has room.
    with pytest.raises(QuestionError, match=r"pvr of splash is 1\.0000.*ask of one slice"):
        answer("pvr=+2%")
    assert answer("pvr=+2%", surface="search").total.change > 0


def test_days_of_the_period_that_are_not_published_are_said(answer: Ask) -> None:
    last = FIRST_DAY + timedelta(DAYS - 1)
    told = answer("acp=+5%", first_day=last, last_day=last + timedelta(9))
    assert told.notes == [f"1 of the 10 days from {last} to {last + timedelta(9)} are published."]
    assert answer("acp=+5%").notes == []


def test_a_day_beyond_the_calendar_is_refused(warehouse: Path) -> None:
    at = ["--warehouse", str(warehouse), "--set", "acp=+5%", "--to", "0001-01-01"]
    outcome = CliRunner().invoke(app, ["whatif", *at])
    assert outcome.exit_code == 2
    assert "beyond the calendar" in outcome.output


def test_nothing_published_is_said(root: Path, tmp_path: Path) -> None:
    with pytest.raises(QuestionError, match=r"Nothing is published in .* yet: tributary run"):
        ask(root, tmp_path, Question(changes=read_changes(["asn=+5%"])))


@pytest.mark.parametrize("text", ["asn", "asn=5", "asn=five%", "=5%", "asn=+nan%", "asn=1e3%", ""])
def test_a_change_that_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(ChangeError, match="Write a factor and a change in percent"):
        read_changes([text])


def test_changes_are_read_and_written_alike() -> None:
    texts = ["asn=+5%", "ctr2=-0.5%", "acp=+0%", "pvr=+120.25%"]
    changes = read_changes(texts)
    assert list(changes.values()) == [Decimal(t) for t in ("0.05", "-0.005", "0", "1.2025")]
    assert [f"{name}={in_percent(change)}" for name, change in changes.items()] == texts
    with pytest.raises(ChangeError, match="changed twice"):
        read_changes(["asn=+5%", "asn=-5%"])


def test_the_command_says_it_in_a_sentence_a_table_and_as_json(warehouse: Path) -> None:
    asked = ["whatif", "--warehouse", str(warehouse), "--set", "asn=+5%", "--by", "surface"]
    shown = CliRunner().invoke(app, asked, terminal_width=160)
    assert shown.exit_code == 0, shown.output
    for words in (
        "With asn +5%, revenue from 2026-03-04 to 2026-03-31 would have been",
        "all else as it was",
        "No interaction",
        "splash: five_factor says nothing of it, its revenue stays",
        "on days with 1 % more asn, ctr2 was -0.60 %",
        "not a cause",
    ):
        assert words in shown.output
    as_json = CliRunner().invoke(app, [*asked, "--json"])
    data = json.loads(as_json.output)
    assert Answer.model_validate(data).total.change == Decimal(data["total"]["change"])
    assert set(data) == set(Answer.model_fields)
    refused = CliRunner().invoke(app, ["whatif", "--warehouse", str(warehouse), "--set", "asn=5"])
    assert refused.exit_code == 2
    assert "Refused." in refused.output
