"""A publication by hand: what a command that reads one asks of it."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

from tributary.publish.manifest import CodeVersion, Manifest
from tributary.publish.places import DATABASE, Places


def empty_publication(places: Places, first_day: date, last_day: date) -> Path:
    """Publish nothing but a manifest of these days; returns the database that is to hold marts."""
    folder = places.publication("20260401T000000Z")
    folder.mkdir(parents=True)
    manifest = Manifest(
        run_id=folder.name,
        made_at=datetime(2026, 4, 1, tzinfo=UTC),
        code=CodeVersion(version="0", commit=None, models=""),
        currency="CNY",
        revenue=Decimal(0),
        first_day=first_day,
        last_day=last_day,
        tables={},
    )
    manifest.write(folder)
    places.current.symlink_to(folder.name)
    return folder / DATABASE
