"""What each identity must say in each slice, written out here once more, by hand."""

from typing import Any

from recompute.figures import ALL, Key, Mart

Factors = list[tuple[str, float]]

# name: result, and the factors with their power (1 multiplies, -1 divides)
IDENTITIES: dict[str, tuple[str, Factors, float]] = {
    "five_factor": (
        "revenue",
        [("requests", 1), ("pvr", 1), ("asn", 1), ("ctr2", 1), ("acp", 1)],
        1,
    ),
    "per_request": ("revenue", [("requests", 1), ("cpm1", 1)], 0.001),
    "per_ad_request": ("revenue", [("requests", 1), ("pvr", 1), ("cpm3", 1)], 0.001),
    "per_impression": ("revenue", [("requests", 1), ("pvr", 1), ("asn", 1), ("cpm2", 1)], 0.001),
    "per_request_click": ("revenue", [("requests", 1), ("ctr1", 1), ("acp", 1)], 1),
    "per_ad_request_click": (
        "revenue",
        [("requests", 1), ("pvr", 1), ("ctr3", 1), ("acp", 1)],
        1,
    ),
    "action_priced": (
        "revenue",
        [("requests", 1), ("pvr", 1), ("easn", 1), ("ctr2", 1), ("atr2", 1), ("aap", 1)],
        1,
    ),
    "per_advertiser": ("revenue", [("active_advertisers", 1), ("arpu", 1)], 1),
    "advertiser_click": (
        "revenue",
        [("active_advertisers", 1), ("clicks_per_advertiser", 1), ("acp", 1)],
        1,
    ),
    "per_user": ("revenue", [("users", 1), ("requests_per_user", 1), ("cpm1", 1)], 0.001),
    "ctr1_chain": ("ctr1", [("pvr", 1), ("asn", 1), ("ctr2", 1)], 1),
    "ctr3_chain": ("ctr3", [("asn", 1), ("ctr2", 1)], 1),
    "cpm1_chain": ("cpm1", [("pvr", 1), ("cpm3", 1)], 1),
    "cpm3_chain": ("cpm3", [("asn", 1), ("cpm2", 1)], 1),
    "cpm2_chain": ("cpm2", [("ctr2", 1), ("acp", 1)], 1000),
    "cpa_chain": ("cpa", [("acp", 1), ("cvr", -1)], 1),
    "roas_chain": ("roas", [("cvr", 1), ("aov", 1), ("acp", -1)], 1),
}


def statuses(revenue_daily: Mart, by_segment: Mart) -> dict[Key, dict[str, Any]]:
    """(day, dimension, value, identity) → result, product and status."""
    slices: dict[Key, dict[str, Any]] = {
        (day, ALL, ALL): figures
        for (day, surface), figures in revenue_daily.items()
        if surface == ALL
    }
    slices.update(by_segment)
    return {
        (*key, identity): _status(figures, *declared)
        for key, figures in slices.items()
        for identity, declared in IDENTITIES.items()
    }


def _status(s: dict[str, Any], result: str, factors: Factors, scale: float) -> dict[str, Any]:
    product: float | None = scale
    for name, power in factors:
        value = s[name]
        if value is None or (power < 0 and value == 0):
            product = None
        if product is not None:
            product *= float(value) ** power
    shown = None if s[result] is None else float(s[result])
    if product is None or shown is None:
        return {"result": shown, "product": product, "status": "undefined"}
    holds = abs(product - shown) <= 1e-9 * max(1.0, abs(shown))
    return {"result": shown, "product": product, "status": "holds" if holds else "violated"}
