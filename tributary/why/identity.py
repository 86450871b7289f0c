"""Which identity explains a change: one that the project declares, or one that is written down."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tributary.publish.reading import QuestionError
from tributary.rendering import Renderer

_TERM = re.compile(r"\s*([*/])\s*")
_NAME = re.compile(r"[a-z_][a-z0-9_]*")
_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?")


@dataclass(frozen=True)
class Identity:
    """A result and the factors whose product it is.

    Attributes:
        name: as declared; the formula itself where it is written down.
        declared: result and factors, as `dbt_project.yml` declares them.
        quantities: what its result and factors are sums of.
        distinct: those of them that count distinct things, and so never add up.
        is_ratio: whether the result is a ratio, which slices do not add up to.
    """

    name: str
    declared: Mapping[str, Any]
    quantities: tuple[str, ...]
    distinct: tuple[str, ...]
    is_ratio: bool

    @property
    def result(self) -> str:
        """The name of what is explained."""
        return str(self.declared["result"])

    @property
    def factors(self) -> list[Any]:
        """Its factors, as they are declared: names, or mappings."""
        return list(self.declared["factors"])

    @property
    def formula(self) -> str:
        """The identity, written out."""
        return equation_of(self.declared)


def equation_of(declared: Mapping[str, Any]) -> str:
    """A declared identity, written out: result = factor · factor / factor."""
    parts = []
    for number, factor in enumerate(declared["factors"]):
        told = factor if isinstance(factor, dict) else {"metric": factor}
        divides = told.get("divide", False)
        scale = told.get("constant", told.get("scale", 1))
        name = told.get("metric")
        text = " · ".join([*([f"{scale:g}"] if scale != 1 else []), *([name] if name else [])])
        parts.append(text if number == 0 else f" {'/' if divides else '·'} {text}")
    return f"{declared['result']} = {''.join(parts)}"


def known_identities(renderer: Renderer) -> list[Identity]:
    """Those that the project declares over the funnel, in its order."""
    names: list[str] = renderer.call("identities_over", "funnel")
    declared = renderer.variables["identities"]
    return [_identity(renderer, name, declared[name]) for name in names]


def identity_of(renderer: Renderer, asked: str) -> Identity:
    """The identity of a name, or of a formula: `revenue = ad_impressions * ctr2 * acp`.

    Raises:
        QuestionError: there is none of this name, or the formula cannot be read.
    """
    if "=" in asked:
        return _identity(renderer, asked.strip(), _read(renderer, asked))
    for known in known_identities(renderer):
        if known.name == asked:
            return known
    names = ", ".join(known.name for known in known_identities(renderer))
    raise QuestionError(
        f"No identity {asked!r} is declared over the funnel. Declared: {names}. One of your own "
        'goes in quotes: --identity "revenue = ad_clicks * acp".'
    )


def richest(renderer: Renderer, columns: Iterable[str]) -> Identity:
    """The declared identity with the most factors that these columns are enough for.

    Raises:
        QuestionError: they are enough for none.
    """
    there = set(columns)
    known = known_identities(renderer)
    able = [one for one in known if there.issuperset(one.quantities)]
    money = [one for one in able if not one.is_ratio and not one.distinct]
    if not money:
        shorter = [part for one in known for part in _begun_further_down(renderer, one)]
        money = [one for one in shorter if there.issuperset(one.quantities)]
    if not able and not money:
        raise QuestionError(
            f"No declared identity can be made of the columns {', '.join(sorted(there))}. Name one "
            'whose parts are there: --identity "revenue = ad_impressions * cpm2 * 0.001"; '
            "components and metrics are named as in dbt_project.yml."
        )
    # Numbers are no factors that anything could be told of.
    return max(money or able, key=lambda one: len(renderer.call("named_factors", one.declared)))


def _begun_further_down(renderer: Renderer, identity: Identity) -> Iterator[Identity]:
    """A declared identity of an amount, without its first factors: what the next ratio is over
    leads in their place. revenue = requests · pvr · asn · … holds from ad_requests on as well."""
    if identity.is_ratio or identity.distinct:
        return
    for place in range(1, len(identity.factors)):
        rest = identity.factors[place:]
        first = renderer.variables["metrics"].get(rest[0]) if isinstance(rest[0], str) else None
        if first is None or first.get("scale", 1) != 1:
            continue
        declared = {"result": identity.result, "factors": [first["denominator"], *rest]}
        yield _identity(renderer, equation_of(declared), declared)


def _identity(renderer: Renderer, name: str, declared: Mapping[str, Any]) -> Identity:
    return Identity(
        name,
        declared,
        tuple(renderer.call("quantities_of", declared)),
        tuple(renderer.call("distinct_quantities_of", declared)),
        declared["result"] in renderer.variables["metrics"],
    )


def _read(renderer: Renderer, text: str) -> Mapping[str, Any]:
    result, product = (part.strip() for part in text.split("=", 1))
    terms = _TERM.split(product)
    factors: list[Any] = []
    for operator, term in zip(["*", *terms[1::2]], terms[::2], strict=True):
        if _NUMBER.fullmatch(term):
            value = float(term)
            if not value:
                raise QuestionError(f"{text!r} multiplies or divides by 0.")
            factors.append({"constant": value if operator == "*" else 1 / value})
        else:
            _check_name(renderer, text, term)
            factors.append({"metric": term, "divide": True} if operator == "/" else term)
    _check_name(renderer, text, result)
    return {"result": result, "factors": factors}


def _check_name(renderer: Renderer, text: str, name: str) -> None:
    known = [
        *renderer.call("served_components"),
        *renderer.call("distinct_counts"),
        *renderer.variables["metrics"],
    ]
    if not _NAME.fullmatch(name) or name not in known:
        raise QuestionError(
            f"{name!r} in {text!r} is neither a component nor a metric. Write "
            f"result = factor * factor / factor, of: {', '.join(known)}."
        )
