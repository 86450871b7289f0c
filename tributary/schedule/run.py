"""One run, as Dagster sees it: the stages of `tributary run`, each told as it comes."""

import io
import queue
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import dagster as dg
from rich.console import Console

from tributary.audit import AuditResult, RuleOutcome
from tributary.build import BuildResult
from tributary.publish.lock import WarehouseBusyError, WarehouseUnwritableError
from tributary.publish.manifest import Manifest
from tributary.publish.reports import REPORT_IN_WORDS, Ending, RunReport, Stage
from tributary.publish.run import (
    Run,
    StageFailedError,
    audit_marts,
    begun,
    build_marts,
    export_marts,
    publish_marts,
    refuse_unusable_rules,
)
from tributary.schedule.graph import CANDIDATE, PUBLICATION, Graph
from tributary.settings import Settings

Told = dg.MaterializeResult[Any] | dg.AssetCheckResult
_FOUND = ("fail", "warn", "error", "runtime error")
_INTERRUPTS = (KeyboardInterrupt, GeneratorExit, dg.DagsterExecutionInterruptedError)
_MAY_PASS_LATER = (
    "is held by another process",
    "still being written",
    "Name days among them",
    "is full",
    "IO Error",
    "Out of Memory",
)
"""What a build says of another process, of files on their way, and of a full disk or memory."""


@dataclass(frozen=True)
class _Node:
    """How one model or test came out."""

    unique_id: str
    status: str
    failures: int
    message: str
    seconds: float


def write_audit_publish(
    settings: Settings, graph: Graph, wait_s: float, say: Callable[[str], None]
) -> Iterator[Told]:
    """Build, export, audit and publish while the warehouse is held, and tell what came of each.

    Args:
        settings: of the run.
        graph: what it makes and checks.
        wait_s: how many seconds to wait for another run.
        say: is told what the run says.

    Raises:
        dagster.Failure: nothing was published; it allows retries where another try may pass.
    """
    console = Console(file=_Lines(say), width=1000)
    try:
        with begun(settings, console, wait_s, interrupts=_INTERRUPTS) as run:
            refuse_unusable_rules(run)
            marts = yield from _built(run, graph)
            manifest, folder = export_marts(run, marts)
            yield _candidate(manifest)
            try:
                audited = audit_marts(run, manifest, folder)
            except StageFailedError:
                yield from _audited(run.audit, graph)
                raise
            yield from _audited(run.audit, graph)
            publish_marts(run, audited, folder)
            yield _publication(run, audited)
    except (WarehouseBusyError, WarehouseUnwritableError) as failed:
        raise dg.Failure(str(failed)) from failed
    except Exception as failed:
        raise dg.Failure(f"{type(failed).__name__}: {failed}", allow_retries=False) from failed
    if run.report.ending is not Ending.published:
        raise dg.Failure(
            run.report.summary,
            metadata={"report": dg.MetadataValue.path(_report(run))},
            allow_retries=may_pass_later(run.report),
        )


def may_pass_later(report: RunReport) -> bool:
    """Whether the same run may end better in a while: nothing was found wrong, something was away.

    A test or a rule that failed fails again.
    """
    if report.stage in (Stage.export, Stage.publish):
        return True
    blocking = [finding for finding in report.findings if finding.is_blocking]
    return report.stage is Stage.build and all(
        any(words in finding.message for words in _MAY_PASS_LATER) for finding in blocking
    )


def _built(run: Run, graph: Graph) -> Generator[Told, None, list[str]]:
    """Build in a thread, and tell of each node as it ends; what failed is told at the end.

    A build that is found damaged is made again, so that what failed may have passed by then.

    Returns:
        The served marts.
    """
    ended: queue.SimpleQueue[_Node | None] = queue.SimpleQueue()

    def watch(event: Any) -> None:
        if event.info.name == "NodeFinished":
            result = event.data.run_result
            ended.put(
                _Node(
                    unique_id=event.data.node_info.unique_id,
                    status=event.data.node_info.node_status,
                    failures=result.num_failures,
                    message=result.message,
                    seconds=round(result.execution_time, 3),
                )
            )

    run.watch = watch
    told: set[str] = set()
    failed: dict[str, _Node] = {}
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="build") as pool:
        building = pool.submit(build_marts, run, [], False)
        building.add_done_callback(lambda _: ended.put(None))
        while (node := ended.get()) is not None:
            if node.status not in ("success", "pass", "warn"):
                failed[node.unique_id] = node
            elif node.unique_id not in told:
                told.add(node.unique_id)
                yield from _node(node, graph)
    for node in failed.values():
        if node.unique_id not in told:
            yield from _node(node, graph)
    marts = building.result()
    if run.build:
        yield from _settled(run.build, told, graph)
    return marts


def _settled(build: BuildResult, told: set[str], graph: Graph) -> Iterator[Told]:
    """Tests that a build did not hold, because they passed on the same rows before."""
    warned = {warning.name: warning for warning in build.warnings}
    for unique_id, test in graph.tests.items():
        if unique_id not in told:
            before = warned.get(test.name)
            yield dg.AssetCheckResult(
                asset_key=test.asset_key,
                check_name=test.name,
                passed=before is None,
                severity=dg.AssetCheckSeverity.WARN,
                description="Nothing has changed since it was held.",
                metadata={
                    graph.units.get(unique_id, "found"): before.failures if before else 0,
                },
            )


def _node(node: _Node, graph: Graph) -> Iterator[Told]:
    model, test = graph.models.get(node.unique_id), graph.tests.get(node.unique_id)
    if model and node.status == "success":
        yield dg.MaterializeResult(asset_key=model, metadata={"seconds": node.seconds})
    elif test and node.status in ("pass", *_FOUND):
        is_warning = node.status == "warn"
        yield dg.AssetCheckResult(
            asset_key=test.asset_key,
            check_name=test.name,
            passed=node.status == "pass",
            severity=dg.AssetCheckSeverity.WARN if is_warning else dg.AssetCheckSeverity.ERROR,
            description=node.message or None,
            metadata={
                graph.units.get(node.unique_id, "found"): node.failures,
                "seconds": node.seconds,
            },
        )


def _candidate(manifest: Manifest) -> Told:
    return dg.MaterializeResult(
        asset_key=CANDIDATE,
        metadata={
            "rows": sum(table.rows for table in manifest.tables.values()),
            "revenue": f"{manifest.revenue:,} {manifest.currency}",
            **{f"rows in {name}": table.rows for name, table in manifest.tables.items()},
        },
    )


def _audited(result: AuditResult | None, graph: Graph) -> Iterator[Told]:
    """One result a rule, whatever the number of marts that it was asked of."""
    if result is None:
        return
    for name, key in graph.rules.items():
        outcomes = [outcome for outcome in result.rules if outcome.rule == name]
        yield _rule(key, outcomes, result)


def _rule(key: dg.AssetCheckKey, outcomes: list[RuleOutcome], result: AuditResult) -> Told:
    broken = [outcome for outcome in outcomes if not outcome.passed]
    is_blocking = any(outcome.severity == "block" for outcome in broken)
    said = " ".join(outcome.message for outcome in broken or outcomes)
    return dg.AssetCheckResult(
        asset_key=key.asset_key,
        check_name=key.name,
        passed=not broken,
        severity=dg.AssetCheckSeverity.ERROR if is_blocking else dg.AssetCheckSeverity.WARN,
        description=said or "Nothing in these marts is of this kind.",
        metadata={
            "found": sum(outcome.found for outcome in broken),
            "marts": ", ".join(outcome.mart for outcome in outcomes) or "none",
            "page": dg.MetadataValue.path(str(result.page)),
        },
    )


def _publication(run: Run, manifest: Manifest) -> Told:
    return dg.MaterializeResult(
        asset_key=PUBLICATION,
        metadata={
            "run": manifest.run_id,
            "revenue": f"{manifest.revenue:,} {manifest.currency}",
            "first day": str(manifest.first_day),
            "last day": str(manifest.last_day),
            "database": dg.MetadataValue.path(str(run.places.served_database)),
            "report": dg.MetadataValue.path(_report(run)),
        },
    )


def _report(run: Run) -> str:
    return str(run.places.runs / run.report.run_id / REPORT_IN_WORDS)


class _Lines(io.StringIO):
    """A file whose lines go elsewhere, each as one text."""

    def __init__(self, say: Callable[[str], None]) -> None:
        super().__init__()
        self.say = say
        self.line = ""

    def write(self, text: str) -> int:
        *lines, self.line = (self.line + text).split("\n")
        for line in lines:
            if line.strip():
                self.say(line.strip())
        return len(text)
