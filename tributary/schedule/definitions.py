"""What `dagster -m tributary.schedule.definitions` loads: made when it is imported."""

from tributary.schedule.location import define
from tributary.schedule.options import read_options
from tributary.settings import resolve

_settings = resolve()
defs = define(_settings, read_options(_settings))
