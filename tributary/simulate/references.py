"""The reference tables as rows of text, ready for CSV."""

import csv
import random
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

import numpy as np

from tributary.simulate.money import rate_text
from tributary.simulate.schema import CURRENCIES
from tributary.simulate.settings import REPORTING_CURRENCY
from tributary.simulate.world import DAYS_BEFORE, INDUSTRIES, REGIONS, TIERS, World

Row = tuple[object, ...]


def write_references(world: World, invoices: Iterable[Row], folder: Path) -> None:
    """Writes every reference table into the folder."""
    tables: dict[str, tuple[str, Iterable[Row]]] = {
        "advertisers": (
            "advertiser_id,advertiser_name,industry,tier,onboarded_on",
            _advertisers(world),
        ),
        "campaigns": (
            (
                "campaign_id,advertiser_id,campaign_name,objective,promotion_type,target_roi,"
                "budget_micros,currency,starts_on,ends_on"
            ),
            _campaigns(world),
        ),
        "creatives": (
            "creative_id,campaign_id,product_id,creative_format",
            _creatives(world),
        ),
        "regions": ("region_code,region_name,country_code,market_tier", REGIONS),
        "fx_rates": ("rate_date,currency,rate", _rates(world)),
        "calendar_events": (
            "event_name,event_type,wave,starts_on,ends_on",
            _calendar(world),
        ),
        "invoices": ("advertiser_id,invoice_month,currency,amount_micros", invoices),
        "finance_statements": (
            (
                "quarter_starts_on,currency,net_income_micros,pretax_income_micros,ebit_micros,"
                "sales_micros,assets_micros,equity_micros"
            ),
            _finance(world),
        ),
    }
    folder.mkdir(parents=True)
    for name, (header, rows) in tables.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(header.split(","))
            writer.writerows(rows)


def _advertisers(world: World) -> Iterator[Row]:
    ids = world.vocabularies["advertiser_id"]
    for key, one in zip(ids, world.advertisers, strict=True):
        yield (
            key,
            one.name,
            INDUSTRIES[one.industry][0],
            TIERS[one.tier],
            one.onboarded_on,
        )


def _campaigns(world: World) -> Iterator[Row]:
    ids = world.vocabularies["advertiser_id"]
    for one in world.campaigns:
        yield (
            one.campaign_id,
            ids[one.advertiser],
            one.name,
            one.objective,
            one.promotion_type,
            one.target_roi,
            one.budget_micros,
            CURRENCIES[world.advertisers[one.advertiser].currency],
            one.starts_on,
            one.ends_on,
        )


def _creatives(world: World) -> Iterator[Row]:
    for one in world.creatives:
        campaign = world.campaigns[one.campaign].campaign_id
        yield one.creative_id, campaign, one.product_id, one.creative_format


def _rates(world: World) -> Iterator[Row]:
    for column in range(world.book_days):
        rate_date = world.settings.date_of(column - DAYS_BEFORE)
        for code in np.flatnonzero(world.rates[:, column]):
            if CURRENCIES[code] != REPORTING_CURRENCY:
                yield (
                    rate_date,
                    CURRENCIES[code],
                    rate_text(int(world.rates[code, column])),
                )


def _calendar(world: World) -> Iterator[Row]:
    for one in world.seasons:
        yield one.event_name, one.event_type, one.wave, one.starts_on, one.ends_on


_QUARTERS = 8
_LOSS_QUARTER = 3
_THOUSAND_UNITS = 1_000_000_000


def _finance(world: World) -> Iterator[Row]:
    """The eight quarters before the one in which the simulation starts; one of them ends in a
    loss.
    """
    draw = random.Random(f"finance {world.settings.seed}")
    start = world.settings.start_date
    quarter = start.year * 4 + (start.month - 1) // 3 - _QUARTERS
    sales, equity = 820.0, 1_450.0
    for number in range(_QUARTERS):
        sales *= 1 + draw.uniform(-0.02, 0.07)
        margin = 0.012 if number == _LOSS_QUARTER else draw.uniform(0.13, 0.19)
        ebit = sales * margin
        pretax = ebit - draw.uniform(14, 22)
        net = pretax * (1 - draw.uniform(0.14, 0.22)) if pretax > 0 else pretax * 1.02
        equity += net * 0.7
        assets = equity * draw.uniform(1.75, 1.95)
        year, of_year = divmod(quarter + number, 4)
        amounts = (net, pretax, ebit, sales, assets, equity)
        yield (
            date(year, of_year * 3 + 1, 1),
            REPORTING_CURRENCY,
            *(round(amount * 1000) * _THOUSAND_UNITS for amount in amounts),
        )
