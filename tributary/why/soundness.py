"""Whether an identity holds of what it is asked about, and what a reader ought to know of it."""

from collections.abc import Iterator
from math import prod
from typing import Any

from tributary.publish.reading import QuestionError
from tributary.rendering import Renderer
from tributary.why.answer import Factor, Slice
from tributary.why.identity import Identity


def refuse_what_does_not_hold(
    renderer: Renderer, identity: Identity, whole: Slice, before_period: str, now_period: str
) -> None:
    """An identity whose factors do not make its result explains nothing.

    Raises:
        QuestionError: every factor has a value, and their product is another than the result.
    """
    tolerance = float(renderer.variables["identity_tolerance"])
    told: list[dict[str, Any]] = [
        one if isinstance(one, dict) else {"metric": one} for one in identity.factors
    ]
    scales: list[float] = [one.get("constant", one.get("scale", 1)) for one in told]
    constant = prod(scales)
    divisors = {one["metric"] for one in told if one.get("divide")}
    for period, name in ((before_period, "before"), (now_period, "now")):
        product = constant
        for factor in _named(whole):
            value = getattr(factor, name)
            if value is None or (factor.factor in divisors and not value):
                break
            product = product / value if factor.factor in divisors else product * value
        else:
            result = float(getattr(whole, name))
            # What is shown of an amount has six places.
            if abs(product - result) > tolerance * max(1, abs(result)) + 1e-6:
                raise QuestionError(
                    f"{identity.formula} does not hold: in {period} the product is {product:,.6g} "
                    f"and {identity.result} is {result:,.6g}. Write factors that make it."
                )


def notes_on(
    renderer: Renderer, whole: Slice, before_period: str, now_period: str
) -> Iterator[str]:
    """What is to be said of the factors: no value, another method, a value that cannot be."""
    metrics = renderer.variables["metrics"]
    for factor in _named(whole):
        for period, value in ((before_period, factor.before), (now_period, factor.now)):
            bounds = metrics.get(factor.factor, {})
            if value is None:
                yield (
                    f"{factor.factor} has no value in {period} (nothing to divide by): what it "
                    "would have made is shown as unattributed, where it is any."
                )
            elif value > bounds.get("at_most", value):
                yield _impossible(factor, value, period, "most", bounds["at_most"])
            elif value < bounds.get("at_least", value):
                yield _impossible(factor, value, period, "least", bounds["at_least"])
    if any(one.method == "shapley" for one in whole.factors):
        yield "A sign changed, so that the contributions are Shapley values."


def _impossible(factor: Factor, value: float, period: str, word: str, bound: float) -> str:
    return (
        f"{factor.factor} is {value:.4g} in {period}, and by definition at {word} {bound:g}: look "
        "at the components that it is made of."
    )


def _named(whole: Slice) -> Iterator[Factor]:
    """The factors of an identity; of the leading one its change as a whole."""
    return (one for one in whole.factors if one.effect in ("volume", "rate"))
