"""Plants the defects of a day into its log, and says for each batch of rows what becomes of it."""

from collections import defaultdict
from dataclasses import dataclass
from enum import Enum

import numpy as np

from tributary.simulate.arrays import NULL_CODE, BoolArray, IntArray, sample
from tributary.simulate.daylog import DayLog
from tributary.simulate.recipes import Recipe, Scene
from tributary.simulate.relation_recipes import relation_recipes
from tributary.simulate.row_recipes import row_recipes
from tributary.simulate.schema import (
    EVENT_TIME,
    KEY,
    TABLES,
    VOCABULARIES,
    Frame,
    IdSpace,
    join,
    rows_in,
    take,
)
from tributary.simulate.settings import SECONDS_PER_DAY
from tributary.simulate.world import World

ORPHAN = {
    "impressions": "orphan_impression",
    "clicks": "orphan_click",
    "actions": "orphan_action",
    "charges": "orphan_charge",
}
_ROWS_PER_REQUEST = {
    "requests": 1.0,
    "impressions": 3.0,
    "clicks": 0.45,
    "actions": 0.05,
    "charges": 0.6,
}
_DOOMED_RATE, _DOOMED_MINIMUM = 5e-4, 4


class Outcome(Enum):
    """What the warehouse does with a row that the simulator adds."""

    DUPLICATE = "duplicate"
    QUARANTINED = "quarantined"


@dataclass(frozen=True)
class Batch:
    """Rows of one table that all meet the same fate."""

    table: str
    frame: Frame
    outcome: Outcome
    reasons: tuple[str, ...] = ()
    superseded: bool = False
    garbled: str = ""


@dataclass(frozen=True)
class Damage:
    """What was done to a day: rows added, and marks on the rows of its own log."""

    batches: list[Batch]
    kept: dict[str, BoolArray]
    """Per table: rows of the log that are still written as they stand."""
    late: dict[str, IntArray]
    """Per table: rows whose arrival was put off beyond the lookback window."""


class Schedule:
    """Spreads a number of bad rows over the days; what a day cannot bear, a later one does."""

    def __init__(self, total: int, phase: float, days: int, any_day: bool = False) -> None:
        self._total = total
        self._phase = phase
        self._days = days
        self._any_day = any_day
        self._done = 0

    def due(self, day: int) -> int:
        """How many rows this day should take."""
        reached = int(self._total * (day + 1) / self._days + self._phase)
        return (self._total if self._any_day else min(self._total, reached)) - self._done

    def record(self, rows: int) -> None:
        """Counts rows as planted."""
        self._done += rows


_SPECIAL = {  # share of the rows and least number, unless asked for
    "duplicates": (3e-3, 4),
    "corrections": (1e-3, 2),
    "winner back": (1e-4, 1),
    "late": (2e-3, 4),
    "withdrawals": (0.0, 0),
}


def all_recipes() -> list[Recipe]:
    """Every recipe, table by table."""
    by_row = [recipe for table in TABLES for recipe in row_recipes(table)]
    return by_row + relation_recipes()


class Saboteur:
    """Damages day after day, so that the whole run holds every defect in its planned number."""

    def __init__(self, world: World, ids: IdSpace) -> None:
        self._world = world
        self._ids = ids
        self._recipes: list[tuple[Recipe, Schedule]] = []
        self._special: dict[tuple[str, str], Schedule] = {}
        self._owed: dict[tuple[str, str], float] = defaultdict(lambda: 0.5)
        settings = world.settings
        rng = np.random.default_rng([settings.seed, 2])
        doomed = (0.0, 0) if settings.clean else (_DOOMED_RATE, _DOOMED_MINIMUM)
        self._doomed = self._schedule("requests", *doomed, 0.5)
        for recipe in [] if settings.clean else all_recipes():
            phase = float(rng.random())
            schedule = self._schedule(
                recipe.table, recipe.rate, recipe.minimum, phase, recipe.any_day
            )
            self._recipes.append((recipe, schedule))
        for table in TABLES:
            for kind, usual in _SPECIAL.items():
                phase = float(rng.random()) if kind != "withdrawals" else 0.5
                rate, least = (0.0, 0) if settings.clean else usual
                self._special[table, kind] = self._schedule(table, rate, least, phase)

    def _schedule(
        self, table: str, rate: float, minimum: int, phase: float, any_day: bool = False
    ) -> Schedule:
        settings = self._world.settings
        expected = settings.requests_per_day * settings.days * _ROWS_PER_REQUEST[table]
        total = max(minimum, round(expected * rate))
        return Schedule(total, phase, settings.days, any_day)

    def doomed_requests(self, day: int) -> int:
        """How many requests of the day are to be damaged with all that hangs on them."""
        due = self._doomed.due(day)
        self._doomed.record(due)
        return due

    def damage(self, log: DayLog, rng: np.random.Generator) -> Damage:
        """Adds the bad rows of the day; pushes the arrival of late rows in the log itself."""
        kept = {table: np.ones(rows_in(log.frames[table]), dtype=np.bool_) for table in TABLES}
        late = {table: np.zeros(0, dtype=np.int64) for table in TABLES}
        batches = self._bad_rows(log, rng)
        for table in TABLES:
            repeated, late[table] = self._repeat_and_delay(log, table, rng)
            batches += repeated
        batches += _doomed_rows(log)
        kept["requests"] = ~log.requests.doomed
        return Damage(batches, kept, late)

    def _bad_rows(self, log: DayLog, rng: np.random.Generator) -> list[Batch]:
        scene = Scene(self._world, self._ids, log)
        used = {table: rows_in(frame) for table, frame in log.frames.items()}
        batches = []
        for recipe, schedule in self._recipes:
            due = schedule.due(log.day)
            if due <= 0:
                continue
            sound = recipe.candidates(scene) & ~log.doomed[recipe.source]
            rows = sample(rng, np.flatnonzero(sound), due)
            if not len(rows):
                continue
            schedule.record(len(rows))
            frame = recipe.build(scene, rows)
            table, key = recipe.table, KEY[recipe.table]
            if not recipe.keeps_key and f"missing_{key}" not in recipe.reasons:
                frame[key] = self._ids.number(log.day, used[table] + np.arange(len(rows)))
                used[table] += len(rows)
            batches.append(
                Batch(
                    table,
                    frame,
                    Outcome.QUARANTINED,
                    recipe.reasons,
                    superseded=recipe.keeps_key,
                    garbled=recipe.garbled,
                )
            )
        return batches

    def _repeat_and_delay(
        self, log: DayLog, table: str, rng: np.random.Generator
    ) -> tuple[list[Batch], IntArray]:
        """Duplicates, superseded versions and late rows; no row is chosen for two of them."""
        frame, time = log.frames[table], log.frames[table][EVENT_TIME[table]]
        wanted = {kind: self._due(table, kind, log) for kind in _SPECIAL if kind != "withdrawals"}
        rows = sample(rng, np.flatnonzero(~log.doomed[table]), sum(wanted.values()))
        rows = rng.permutation(rows)
        parts: dict[str, IntArray] = {}
        for kind, due in wanted.items():
            parts[kind], rows = rows[:due], rows[due:]
            self._special[table, kind].record(len(parts[kind]))

        again = take(frame, parts["duplicates"])
        again["ingested_at"] = again["ingested_at"] + rng.integers(
            30, 40_000, len(again["ingested_at"])
        )

        revised = parts["corrections"]
        if table == "clicks":
            revised = np.union1d(revised, self._withdrawn(log, parts, rng))
        older = _other_version(table, take(frame, revised))
        older["ingested_at"] = time[revised] + 1
        if "corrections" not in self._world.settings.asked_shares:
            revised = np.setdiff1d(revised, parts["corrections"])
        delay = rng.integers(SECONDS_PER_DAY, 2 * SECONDS_PER_DAY, len(revised))
        frame["ingested_at"][revised] = time[revised] + delay

        # A, then B, then A again: the first A is kept, B is in conflict, the second A is a
        # duplicate.
        between = _other_version(table, take(frame, parts["winner back"]))
        between["ingested_at"] = between["ingested_at"] + 60
        back = take(frame, parts["winner back"])
        back["ingested_at"] = back["ingested_at"] + 120

        late = parts["late"]
        delay = rng.integers(4 * SECONDS_PER_DAY, 6 * SECONDS_PER_DAY, len(late))
        frame["ingested_at"][late] = time[late] + delay

        conflict = ("conflicting_duplicate",)
        batches = [
            Batch(table, join([again, back]), Outcome.DUPLICATE),
            Batch(
                table,
                join([older, between]),
                Outcome.QUARANTINED,
                conflict,
                superseded=True,
            ),
        ]
        return [batch for batch in batches if rows_in(batch.frame)], late

    def _withdrawn(
        self, log: DayLog, taken: dict[str, IntArray], rng: np.random.Generator
    ) -> IntArray:
        """Invalid clicks that pass for valid until their verdict comes."""
        invalid = (log.frames["clicks"]["is_invalid"] == 1) & ~log.doomed["clicks"]
        free = np.setdiff1d(np.flatnonzero(invalid), np.concatenate(list(taken.values())))
        return sample(rng, free, self._due("clicks", "withdrawals", log))

    def _due(self, table: str, kind: str, log: DayLog) -> int:
        """How many rows of a table the day should take: as asked for, else as planned."""
        share = self._world.settings.asked_shares.get(kind)
        if share is None:
            return self._special[table, kind].due(log.day)
        self._owed[table, kind] += share * rows_in(log.frames[table])
        whole = int(self._owed[table, kind])
        self._owed[table, kind] -= whole
        return whole


def _other_version(table: str, frame: Frame) -> Frame:
    """The same key with other content, in itself without fault."""
    if table == "requests":
        frame["results_returned"] = frame["results_returned"] + 1
    elif table == "impressions":
        frame["position"] = frame["position"] + 7
    elif table == "clicks":
        frame["is_invalid"] = 1 - frame["is_invalid"]
    elif table == "actions":
        frame["action_value_micros"] = frame["action_value_micros"] + 1_000_000
    else:
        amount = frame["amount_micros"]
        frame["amount_micros"] = amount + np.where(amount < 0, -10_000, 10_000)
    return frame


def _doomed_rows(log: DayLog) -> list[Batch]:
    """The damaged rows of the doomed requests, each in its own way."""
    damages: tuple[tuple[str, str, int], ...] = (
        ("unknown_surface", "surface", len(VOCABULARIES["surface"]) - 1),
        ("missing_entry_point", "entry_point", NULL_CODE),
        ("unknown_device_type", "device_type", len(VOCABULARIES["device_type"]) - 1),
        ("negative_commercial_results_returned", "commercial_results_returned", -2),
    )
    batches = []
    for number, row in enumerate(np.flatnonzero(log.requests.doomed)):
        reason, column, value = damages[(log.day + number) % len(damages)]
        frame = take(log.frames["requests"], np.array([row]))
        frame[column] = np.array([value])
        batches.append(Batch("requests", frame, Outcome.QUARANTINED, (reason,)))
    return batches
