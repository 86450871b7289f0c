"""A publication by hand: what a command that reads one asks of it."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

from tributary.publish.manifest import CodeVersion, Manifest
from tributary.publish.places import DATABASE, Places


def kept(places: Places, *names: str, days: tuple[date, date] | None = None) -> None:
    """Publications that are whole and have no file but the manifest."""
    first_day, last_day = days or (None, None)
    for name in names:
        folder = places.publication(name)
        folder.mkdir(parents=True)
        Manifest(
            run_id=name,
            made_at=datetime.now(UTC),
            code=CodeVersion(version="1", commit=None, models="x"),
            currency="CNY",
            revenue=Decimal(0),
            first_day=first_day,
            last_day=last_day,
            tables={},
        ).write(folder)


def empty_publication(places: Places, first_day: date, last_day: date) -> Path:
    """Publish nothing but a manifest of these days; returns the database that is to hold marts."""
    name = "20260401T000000Z"
    kept(places, name, days=(first_day, last_day))
    places.current.symlink_to(name)
    return places.publication(name) / DATABASE
