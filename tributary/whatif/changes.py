"""Changes of factors as they are written: `asn=+5%`."""

import re
from decimal import Decimal

_CHANGE = re.compile(r"\s*([A-Za-z_]\w*)\s*=\s*([+\-−]?)\s*(\d{1,6}(?:\.\d{1,8})?)\s*%\s*")
_AS_IN = "Write a factor and a change in percent, such as --set asn=+5% or --set ctr2=-1.5%."


class ChangeError(ValueError):
    """A change that cannot be read; the message says what to write instead."""


def read_changes(texts: list[str]) -> dict[str, Decimal]:
    """The change of each factor as a share: +5% is 0.05.

    Raises:
        ChangeError: a text is no change, or a factor is changed twice.
    """
    changes: dict[str, Decimal] = {}
    for text in texts:
        found = _CHANGE.fullmatch(text)
        if not found:
            raise ChangeError(f"'{text}' is no change of a factor. {_AS_IN}")
        factor, sign, digits = found.groups()
        if factor in changes:
            raise ChangeError(f"{factor} is changed twice. Write --set {factor}=… once.")
        change = Decimal(digits) / 100
        changes[factor] = -change if sign in ("-", "−") else change
    return changes


def in_percent(share: Decimal | float) -> str:
    """A change as it is written: 0.05 is +5%."""
    percent = Decimal(str(share)) * 100
    return f"{percent.normalize():+f}%"
