"""Where a PostgreSQL server is, and how it is named without its password."""

import os
import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote

URL = "TRIBUTARY_POSTGRES_URL"
HIDDEN = "***"
_SHAPE = re.compile(
    r"postgres(?:ql)?://"
    r"(?:(?P<user>[^:@/?#\s]*)(?::(?P<password>[^@/?#\s]*))?@)?"
    r"(?P<hosts>[^@/?#\s]*)"
    r"(?:/(?P<database>[^@/?#\s]*))?"
    r"(?:\?(?P<query>[^@?#\s]*))?"
)
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_SECRETS = ("password", "sslpassword")


class PostgresError(Exception):
    """Nothing was changed in PostgreSQL; the message says why, and what to do."""


@dataclass(frozen=True)
class Address:
    """A server's URL.

    Attributes:
        url: with everything in it; never shown.
        shown: user, host and database, and no more.
        secrets: what is never shown, as it is written and as it is meant.
    """

    url: str
    shown: str
    secrets: tuple[str, ...]

    def without_secrets(self, text: str) -> str:
        """A message of the driver, which repeats parts of the URL, without the password."""
        for secret in self.secrets:
            text = text.replace(secret, HIDDEN)
        return text


def address_of(given: str | None) -> Address:
    """The server that an option or the environment names.

    Raises:
        PostgresError: none is named, or by no URL that says one thing only. What was given is not
            repeated: it may be a password in the wrong place.
    """
    url = given or os.environ.get(URL, "")
    if not url:
        raise PostgresError(
            f"No server is named: --url postgresql://user@host:5432/database, or {URL}, which "
            "other users of this machine do not see."
        )
    parts = _SHAPE.fullmatch(url)
    if not parts or _BROKEN_ESCAPE.search(url):
        raise PostgresError(
            "The server's URL cannot be read. It is postgresql://user:password@host:5432/database; "
            "within user and password write @ as %40, / as %2F, ? as %3F, # as %23, % as %25 and a "
            "space as %20."
        )
    query = parse_qsl(parts["query"] or "", keep_blank_values=True)
    written = [parts["password"] or "", *(value for name, value in query if name in _SECRETS)]
    secrets = {secret for one in written for secret in (one, unquote(one)) if secret}
    hosts = parts["hosts"] or dict(query).get("host") or "the local server"
    shown = f"{unquote(parts['user'])}@{hosts}" if parts["user"] else hosts
    database = f"/{unquote(parts['database'])}" if parts["database"] else ""
    return Address(url, shown + database, tuple(sorted(secrets, key=len, reverse=True)))
