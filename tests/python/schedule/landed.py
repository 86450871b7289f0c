"""A tiny platform whose files lie in folders by day."""

import csv
from datetime import date
from pathlib import Path

from tiny import Tables, tiny_platform


def platform_of(day: date) -> Tables:
    """The tiny platform, all of it on one day, with keys of its own."""
    mark = f"-{day:%m%d}"
    keys = ("request_id", "impression_id", "click_id", "action_id", "charge_id", "event_id")
    return {
        table: [
            {
                name: f"{value}{mark}" if name in keys else value.replace("2026-10-19", str(day))
                for name, value in row.items()
            }
            for row in rows
        ]
        for table, rows in tiny_platform().items()
    }


def land(tables: Tables, events: Path, day: date, part: str = "part-1") -> None:
    """Write rows into the folders of a day, one file a table."""
    for table, rows in tables.items():
        folder = events / "events" / table / f"dt={day}"
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / f"{part}.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, fieldnames=list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
