"""How Superset runs over the published marts. Superset imports it; what is secret or a path comes
from the environment, which `instance.py` sets."""

import os

from superset.config import TALISMAN_CONFIG

SECRET_KEY = os.environ["SUPERSET_SECRET_KEY"]
SQLALCHEMY_DATABASE_URI = os.environ["SUPERSET_METADATA"]

# What is published next is seen at the next question.
DATA_CACHE_CONFIG = {"CACHE_TYPE": "NullCache"}
CACHE_CONFIG = {"CACHE_TYPE": "NullCache"}

# Served over plain HTTP on this machine alone. Behind HTTPS say True.
SESSION_COOKIE_SECURE = False
SESSION_COOKIE_SAMESITE = "Lax"

# Its pages carry a picture on someone else's server, which counts installations: no browser asks
# for it.
TALISMAN_CONFIG["content_security_policy"]["img-src"] = [
    source
    for source in TALISMAN_CONFIG["content_security_policy"]["img-src"]
    if "scarf" not in source
]
