"""Runs the simulation day by day and writes the finished folder."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tributary.simulate.books import Books
from tributary.simulate.daylog import DayLog, simulate_day
from tributary.simulate.defects import Damage, Saboteur
from tributary.simulate.gaps import billing_incident, client_incident
from tributary.simulate.plants import Planted
from tributary.simulate.references import write_references
from tributary.simulate.schema import (
    EVENT_TIME,
    SPLASH,
    SURFACES,
    TABLES,
    Frame,
    IdSpace,
    take,
)
from tributary.simulate.settings import (
    LOOKBACK_DAYS,
    REPORTING_CURRENCY,
    LogFormat,
    Settings,
)
from tributary.simulate.world import PREDICTION_BIAS, World, build_world
from tributary.simulate.writers import CsvWriter, EventWriter, ParquetWriter


def run(settings: Settings, folder: Path, on_day: Callable[[int], None] = lambda day: None) -> None:
    """Fills the folder with events, reference tables and the truth; `on_day` hears of each day."""
    world = build_world(settings)
    ids = IdSpace.for_volume(settings.requests_per_day, world.user_count)
    make = CsvWriter if settings.log_format is LogFormat.csv else ParquetWriter
    writer: EventWriter = make(world, ids, folder / "events")
    books, saboteur = Books(world), Saboteur(world, ids)
    planted: list[Planted] = []
    for day in range(settings.days):
        if settings.date_of(day) != settings.missing_day:
            planted += _add_day(world, ids, day, writer, books, saboteur)
        on_day(day)
    writer.close()

    invoices, errors = books.invoices()
    write_references(world, invoices, folder / "reference")
    truth = {
        "arguments": settings.as_record(),
        "notes": _notes(world),
        **({"plants": [_as_record(one) for one in planted]} if planted else {}),
        "invoice_errors": errors,
        **books.truth(invoices),
    }
    text = json.dumps(truth, ensure_ascii=False, separators=(",", ":"))
    (folder / "truth.json").write_text(text.replace("],[", "],\n[") + "\n", encoding="utf-8")


def _add_day(
    world: World,
    ids: IdSpace,
    day: int,
    writer: EventWriter,
    books: Books,
    saboteur: Saboteur,
) -> tuple[Planted, ...]:
    """One day, from traffic to files. Each day draws from a source of its own.

    Returns what was planted on it.
    """
    seed = world.settings.seed
    rng = np.random.default_rng([seed, 3, day])
    log = simulate_day(world, ids, day, saboteur.doomed_requests(day), rng)
    damage = saboteur.damage(log, np.random.default_rng([seed, 4, day]))
    if world.settings.log_format is LogFormat.parquet:
        damage = _without_garbled(damage)
    books.add_day(log, damage)
    for table in TABLES:
        writer.write_day(day, table, *_rows_to_write(log, damage, table))
    return log.planted


def _as_record(planted: Planted) -> dict[str, object]:
    return {
        **planted.plant.as_record(),
        "reached": round(planted.reached, 6),
        "requests_of_slice": planted.requests,
    }


def _without_garbled(damage: Damage) -> Damage:
    """Typed files cannot hold text that is not of its type: such rows exist in CSV only."""
    batches = [batch for batch in damage.batches if not batch.garbled]
    return Damage(batches, damage.kept, damage.late)


def _rows_to_write(
    log: DayLog, damage: Damage, table: str
) -> tuple[list[Frame], list[tuple[str, Frame]]]:
    kept = damage.kept[table]
    own = log.frames[table] if kept.all() else take(log.frames[table], np.flatnonzero(kept))
    mine = [batch for batch in damage.batches if batch.table == table]
    sound = [own, *(batch.frame for batch in mine if not batch.garbled)]
    return sound, [(batch.garbled, batch.frame) for batch in mine if batch.garbled]


def _notes(world: World) -> dict[str, object]:
    """What a reader must know to use the truth."""
    settings = world.settings
    outage = world.outage_day
    notes: dict[str, object] = {
        "reporting_zone": "Asia/Shanghai",
        "reporting_currency": REPORTING_CURRENCY,
        "lookback_days": LOOKBACK_DAYS,
        "prediction_bias_by_tier": PREDICTION_BIAS,
        "event_time": EVENT_TIME,
    }
    if not settings.clean:
        notes |= {
            "outage": None
            if outage is None
            else {
                "surface": SURFACES[SPLASH],
                "on": settings.date_of(outage).isoformat(),
            },
            "client_loses_impressions": _days(settings, client_incident(settings.days)),
            "billing_overlooks_clicks": _days(settings, billing_incident(settings.days)),
            "rate_missing": None
            if world.rate_gap_day is None
            else {
                "currency": "EUR",
                "on": settings.date_of(world.rate_gap_day).isoformat(),
            },
        }
    return notes


def _days(settings: Settings, days: range) -> list[str]:
    return [settings.date_of(day).isoformat() for day in days]
