"""The reference world: who advertises, where, on what terms, at which rates of exchange."""

import random
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from tributary.simulate.arrays import FloatArray, IntArray
from tributary.simulate.calendar import Season, seasons_around
from tributary.simulate.money import RATE_SCALE
from tributary.simulate.schema import (
    CNY,
    CPA,
    CPC,
    CPM,
    CPS,
    CURRENCIES,
    EUR,
    FEED,
    JPY,
    LOCAL,
    SEARCH,
    SPLASH,
    SURFACES,
    USD,
    VIDEO,
    VOCABULARIES,
)
from tributary.simulate.settings import Settings

DAYS_BEFORE = 10
"""Days of rates and of bookkeeping before the first request: clocks run backwards in bad rows."""
DAYS_AFTER = 64
"""The same after the last request: conversions, refunds and late rows take their time."""

COUNTRIES = ("CN", "JP", "US", "SG")
REGIONS = (
    ("cn-sh", "Shanghai", "CN", "tier_1"),
    ("cn-bj", "Beijing", "CN", "tier_1"),
    ("cn-gz", "Guangzhou", "CN", "tier_1"),
    ("cn-cd", "Chengdu", "CN", "tier_2"),
    ("cn-wh", "Wuhan", "CN", "tier_2"),
    ("cn-xa", "Xi'an", "CN", "tier_3"),
    ("jp-tk", "Tokyo", "JP", "tier_1"),
    ("jp-os", "Osaka", "JP", "tier_2"),
    ("us-ca", "California", "US", "tier_1"),
    ("us-tx", "Texas", "US", "tier_2"),
    ("sg-sg", "Singapore", "SG", "tier_1"),
)
REGION_TIER = np.array([int(tier[-1]) - 1 for *_, tier in REGIONS])
REGION_COUNTRY = np.array([COUNTRIES.index(country) for _, _, country, _ in REGIONS])

TIERS = ("key", "large", "mid", "small")
PREDICTION_BIAS = {"key": 1.0, "large": 1.04, "mid": 1.12, "small": 1.25}
"""Predicted rates are this much too high: the model knows small advertisers least."""

INDUSTRIES = (
    # name, objective, order value in CNY, click quality, conversion quality
    ("retail", "sales", 190.0, 1.05, 1.10),
    ("travel", "sales", 820.0, 0.95, 0.65),
    ("food", "leads", 65.0, 1.20, 1.45),
    ("games", "installs", 45.0, 1.10, 1.20),
    ("finance", "leads", 260.0, 0.75, 0.60),
    ("education", "leads", 420.0, 0.85, 0.70),
    ("beauty", "sales", 150.0, 1.10, 1.15),
    ("home", "traffic", 310.0, 0.90, 0.85),
)
_FIRST_WORDS = (
    "Larch", "Copper", "Harbour", "Juniper", "Marble", "Orchid", "Saffron", "Tundra", "Velvet",
    "Willow",
)  # fmt: skip
_SECOND_WORDS = ("& Vale", "Outfitters", "Kitchen", "Studio, Ltd.", '"Plus"')
_LEGAL = {CNY: "Shanghai", USD: "Inc.", JPY: "K.K."}

# pricing and typical bid in CNY by surface; CPS bids are a commission's share of the order.
_TERMS = {
    SEARCH: ((CPC, 2.6),),
    LOCAL: ((CPC, 1.5), (CPA, 24.0)),
    FEED: ((CPC, 1.1), (CPM, 22.0)),
    SPLASH: ((CPM, 58.0),),
    VIDEO: ((CPM, 30.0), (CPS, 0.08)),
}
_UNIT_VALUE = {CNY: 1.0, USD: 7.1, JPY: 0.047}
_FIRST_RATE = {USD: 7.1264, JPY: 0.04712, EUR: 7.7413}


@dataclass(frozen=True)
class Advertiser:
    """One advertiser; it bills in one currency."""

    name: str
    industry: int
    tier: int
    currency: int
    onboarded_on: date


@dataclass(frozen=True)
class Campaign:
    """One campaign, with the places where it runs and the price model of each."""

    campaign_id: str
    advertiser: int
    name: str
    objective: str
    promotion_type: str
    target_roi: str
    budget_micros: int
    starts_on: date
    ends_on: date
    products: tuple[str, ...]
    places: tuple[tuple[int, int, float], ...]


@dataclass(frozen=True)
class Creative:
    """One creative of a campaign, for one product."""

    creative_id: str
    campaign: int
    product_id: str
    creative_format: str


@dataclass(frozen=True)
class Offers:
    """Every creative in every place where it may be shown, as arrays of one length."""

    advertiser: IntArray
    campaign: IntArray
    creative: IntArray
    result: IntArray
    surface: IntArray
    pricing: IntArray
    bid: FloatArray
    click_quality: FloatArray
    action_quality: FloatArray
    weight: FloatArray
    first_day: IntArray
    last_day: IntArray


@dataclass(frozen=True)
class World:
    """Everything that stays as it is while the days go by."""

    settings: Settings
    advertisers: list[Advertiser]
    campaigns: list[Campaign]
    creatives: list[Creative]
    offers: Offers
    seasons: list[Season]
    rates: IntArray
    """Scaled rates, currency by bookkeeping day; 0 where there is none."""
    rate_gap_day: int | None
    vocabularies: dict[str, tuple[str, ...]]
    organic_results: tuple[int, int]
    """First code and number of organic results per surface."""
    advertiser_currency: IntArray
    advertiser_tier: IntArray
    advertiser_value: FloatArray
    """Typical order value, in micros of the advertiser's own currency."""
    country_affinity: FloatArray
    """How much an advertiser is shown in a country, country by advertiser."""
    user_count: int
    user_region: IntArray
    user_trait: FloatArray

    @property
    def book_days(self) -> int:
        """Length of every bookkeeping array by day."""
        return DAYS_BEFORE + self.settings.days + DAYS_AFTER

    @property
    def outage_day(self) -> int | None:
        """The day index on which the splash surface loses most of its traffic."""
        days = self.settings.days
        return None if self.settings.clean or days < 7 else (days * 16) // 28


def build_world(settings: Settings) -> World:
    """The world of these settings; the same settings build the same world."""
    draw = random.Random(f"world {settings.seed}")
    advertisers = _advertisers(draw, settings)
    campaigns = _campaigns(draw, settings, advertisers)
    creatives = _creatives(draw, campaigns)
    products = sorted({creative.product_id for creative in creatives})
    organic = [
        f"{surface[0]}{number:03d}" for surface in SURFACES for number in range(_ORGANIC_RESULTS)
    ]
    vocabularies = {
        **VOCABULARIES,
        "region_code": tuple(region[0] for region in REGIONS),
        "country_code": COUNTRIES,
        "advertiser_id": tuple(f"adv{number + 1:02d}" for number in range(len(advertisers))),
        "campaign_id": tuple(campaign.campaign_id for campaign in campaigns),
        "creative_id": tuple(creative.creative_id for creative in creatives),
        "result_id": (*products, *organic),
    }
    gap_day = None if settings.clean else settings.days // 2
    users = max(40, settings.requests_per_day * 2)
    people = np.random.default_rng([settings.seed, 1])
    currencies = np.array([advertiser.currency for advertiser in advertisers])
    return World(
        settings=settings,
        advertisers=advertisers,
        campaigns=campaigns,
        creatives=creatives,
        offers=_offers(draw, settings, advertisers, campaigns, creatives, products),
        seasons=seasons_around(settings.start_date, settings.last_date),
        rates=_rates(draw, settings, gap_day),
        rate_gap_day=gap_day,
        vocabularies=vocabularies,
        organic_results=(len(products), _ORGANIC_RESULTS),
        advertiser_currency=currencies,
        advertiser_tier=np.array([advertiser.tier for advertiser in advertisers]),
        advertiser_value=np.array(
            [INDUSTRIES[one.industry][2] / _UNIT_VALUE[one.currency] * 1e6 for one in advertisers]
        ),
        country_affinity=_affinity(currencies),
        user_count=users,
        user_region=people.choice(len(REGIONS), size=users, p=_REGION_SHARES),
        user_trait=people.random(users),
    )


_ORGANIC_RESULTS = 240
_REGION_SHARES = np.array([0.17, 0.15, 0.13, 0.11, 0.09, 0.07, 0.09, 0.05, 0.06, 0.04, 0.04])


def _advertisers(draw: random.Random, settings: Settings) -> list[Advertiser]:
    currencies = [CNY] * 26 + [USD] * 8 + [JPY] * 6
    draw.shuffle(currencies)
    tiers = [0] * 4 + [1] * 8 + [2] * 14 + [3] * 14
    draw.shuffle(tiers)
    found = []
    for number, (currency, tier) in enumerate(zip(currencies, tiers, strict=True)):
        first, second = divmod(number * 7 % 50, len(_SECOND_WORDS))
        found.append(
            Advertiser(
                name=f"{_FIRST_WORDS[first]} {_SECOND_WORDS[second]} {_LEGAL[currency]}",
                industry=number % len(INDUSTRIES),
                tier=tier,
                currency=currency,
                onboarded_on=settings.start_date - timedelta(days=draw.randint(35, 1500)),
            )
        )
    return found


def _campaigns(
    draw: random.Random, settings: Settings, advertisers: list[Advertiser]
) -> list[Campaign]:
    found: list[Campaign] = []
    for number, advertiser in enumerate(advertisers):
        sells_everywhere = number % 4 == 1
        products = tuple(f"p{number:02d}{letter}" for letter in "abcd")
        # What a site-wide campaign promotes is promoted by nothing else at that time.
        shared, own = (products[:2], products[2:]) if sells_everywhere else (products, ())
        for place in range(2 + (advertiser.tier < 2)):
            surface = (number + place * 2) % len(SURFACES)
            terms = _TERMS[surface]
            found.append(
                _campaign(
                    draw,
                    settings,
                    number,
                    advertiser,
                    len(found),
                    promotion_type="standard",
                    products=shared,
                    places=((surface, *terms[(number // len(SURFACES)) % len(terms)]),),
                    always_on=place == 0,
                )
            )
        if sells_everywhere:
            found.append(
                _campaign(
                    draw,
                    settings,
                    number,
                    advertiser,
                    len(found),
                    promotion_type="site_wide",
                    products=own,
                    places=((SEARCH, CPC, 2.4), (FEED, CPC, 1.0), (VIDEO, CPS, 0.07)),
                    always_on=True,
                )
            )
    return found


def _campaign(
    draw: random.Random,
    settings: Settings,
    number: int,
    advertiser: Advertiser,
    count: int,
    *,
    promotion_type: str,
    products: tuple[str, ...],
    places: tuple[tuple[int, int, float], ...],
    always_on: bool,
) -> Campaign:
    days = settings.days
    if always_on:
        starts, ends = -draw.randint(5, 30), days + draw.randint(10, 60)
    else:
        starts = draw.randint(-10, max(1, days // 2))
        ends = starts + draw.randint(max(3, days // 3), max(4, days))
    objective = INDUSTRIES[advertiser.industry][1]
    if places[0][0] == SPLASH:
        objective = "awareness"
    budget = draw.choice((40, 60, 90, 150, 250)) * (4 - advertiser.tier) * 1000
    return Campaign(
        campaign_id=f"k{count + 1:03d}",
        advertiser=number,
        name=f"{objective} {promotion_type.replace('_', ' ')} {count + 1}",
        objective=objective,
        promotion_type=promotion_type,
        target_roi="" if objective == "awareness" else f"{draw.randint(12, 60) / 10:.2f}",
        budget_micros=round(budget / _UNIT_VALUE[advertiser.currency]) * 1_000_000,
        starts_on=settings.date_of(starts),
        ends_on=settings.date_of(ends),
        products=products,
        places=places,
    )


_FORMATS = {
    SEARCH: "text",
    LOCAL: "poi_card",
    FEED: "native_image",
    SPLASH: "full_screen",
    VIDEO: "short_video",
}


def _creatives(draw: random.Random, campaigns: list[Campaign]) -> list[Creative]:
    found: list[Creative] = []
    for number, campaign in enumerate(campaigns):
        for product in campaign.products[: draw.randint(2, 3)]:
            found.append(
                Creative(
                    f"v{len(found) + 1:03d}",
                    number,
                    product,
                    _FORMATS[campaign.places[0][0]],
                )
            )
    return found


def _offers(
    draw: random.Random,
    settings: Settings,
    advertisers: list[Advertiser],
    campaigns: list[Campaign],
    creatives: list[Creative],
    products: list[str],
) -> Offers:
    rows: list[tuple[float, ...]] = []
    for number, creative in enumerate(creatives):
        campaign = campaigns[creative.campaign]
        advertiser = advertisers[campaign.advertiser]
        _, _, _, clicks, actions = INDUSTRIES[advertiser.industry]
        for surface, pricing, bid in campaign.places:
            level = draw.lognormvariate(0, 0.25) * (1.25, 1.1, 1.0, 0.85)[advertiser.tier]
            unit = 1.0 if pricing == CPS else _UNIT_VALUE[advertiser.currency]
            rows.append(
                (
                    campaign.advertiser,
                    creative.campaign,
                    number,
                    products.index(creative.product_id),
                    surface,
                    pricing,
                    bid * level / unit * 1e6,
                    clicks * draw.lognormvariate(0, 0.22),
                    actions * draw.lognormvariate(0, 0.25),
                    (5.0, 2.6, 1.3, 0.7)[advertiser.tier] * draw.lognormvariate(0, 0.3),
                    (campaign.starts_on - settings.start_date).days,
                    (campaign.ends_on - settings.start_date).days,
                )
            )
    columns = list(zip(*rows, strict=True))

    def whole(place: int) -> IntArray:
        return np.array(columns[place], dtype=np.int64)

    def share(place: int) -> FloatArray:
        return np.array(columns[place], dtype=np.float64)

    return Offers(
        advertiser=whole(0),
        campaign=whole(1),
        creative=whole(2),
        result=whole(3),
        surface=whole(4),
        pricing=whole(5),
        bid=share(6),
        click_quality=share(7),
        action_quality=share(8),
        weight=share(9),
        first_day=whole(10),
        last_day=whole(11),
    )


def _affinity(currencies: IntArray) -> FloatArray:
    home = {"CN": CNY, "JP": JPY, "US": USD, "SG": USD}
    return np.array(
        [np.where(currencies == home[country], 1.0, 0.12) for country in COUNTRIES],
        dtype=np.float64,
    )


def _rates(draw: random.Random, settings: Settings, gap_day: int | None) -> IntArray:
    days = DAYS_BEFORE + settings.days + DAYS_AFTER
    rates = np.zeros((len(CURRENCIES), days), dtype=np.int64)
    rates[CNY] = RATE_SCALE
    # JPY is quoted with all eight decimals, the others with four.
    for currency, step in ((USD, 10_000), (JPY, 1), (EUR, 10_000)):
        level = _FIRST_RATE[currency]
        for day in range(days):
            level *= 1 + draw.gauss(0, 0.0022)
            rates[currency, day] = round(level * RATE_SCALE / step) * step
    if gap_day is not None:
        rates[EUR, DAYS_BEFORE + gap_day] = 0
    return rates
