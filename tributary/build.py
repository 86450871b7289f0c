"""Run dbt inside this process, with progress and with errors that a reader understands."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tributary.damage import first_damaged_file
from tributary.failures import explain
from tributary.settings import Settings


@dataclass
class NodeOutcome:
    """One model or test that did not simply pass, or the file that none of them could read.

    Attributes:
        name: the node's own name; of a test the sentence that it asserts; of a file its path.
        kind: model, test or file.
        status: dbt's word for how it ended.
        failures: how much a test found.
        unit: of it, where it is no number of rows: "per million".
        message: what dbt or the engine said, in our words.
        subject: the model or source that a test is about, where it is about one.
        query: the query whose rows a test found.
    """

    name: str
    kind: str
    status: str
    failures: int
    message: str
    subject: str = ""
    query: str = ""
    unit: str = ""

    @property
    def found(self) -> str:
        """How much a test found, in words."""
        return f"{self.failures:,} {self.unit or 'found'}"


@dataclass
class BuildResult:
    """How a build ended.

    Attributes:
        counts: nodes by status (success, pass, warn, fail, error, skipped).
        problems: nodes that failed or could not run.
        warnings: tests that warned.
        marts: the served tables that were built.
        error: why dbt ended before it ran any node.
    """

    counts: dict[str, int] = field(default_factory=dict)
    problems: list[NodeOutcome] = field(default_factory=list)
    warnings: list[NodeOutcome] = field(default_factory=list)
    marts: list[str] = field(default_factory=list)
    error: str | None = None

    @property
    def succeeded(self) -> bool:
        """Every model was built and no test failed; warnings do not count."""
        return self.error is None and not self.problems


def run_build(
    settings: Settings,
    arguments: list[str],
    console: Console,
    verbose: bool,
    watch: Callable[[Any], None] = lambda event: None,
) -> BuildResult:
    """`dbt build` with the arguments given, on the settings' input and warehouse.

    Without the unit tests: they prove the code, whatever the data, and belong to `make test`.
    Whoever watches is told each of dbt's events while it works, from dbt's own threads.
    An interrupt dbt takes for the end of its work: what it did until then is the result.
    """
    result = BuildResult()
    try:
        settings.warehouse.mkdir(parents=True, exist_ok=True)
    except OSError as failed:
        result.error = f"The warehouse {settings.warehouse} cannot be made: {failed.strerror}."
        return result
    command = [
        # What fails is printed at the end, in our words: dbt need not say it as well.
        *(["build"] if verbose else ["--quiet", "--log-level", "none", "build"]),
        # Nobody reads the artifacts of a run, and dbt takes seconds to write them.
        "--no-write-json",
        *("--exclude-resource-type", "unit_test", "--exclude-resource-type", "saved_query"),
        *("--project-dir", str(settings.project)),
        *("--profiles-dir", str(settings.project)),
        *("--target", settings.target),
        *arguments,
    ]
    with settings.exported():
        if verbose:
            result = _invoke(command, watch)
        else:
            with _progress(console) as progress:
                result = _invoke(command, _advance(progress), watch)
    _name_damage(settings, result)
    return result


def release_database() -> None:
    """Close the database that dbt, run in this process, holds open from one statement to the next.

    Opening and closing it for each of hundreds of statements takes longer than most of them take;
    whoever reads the build afterwards needs it closed.
    """
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    connections: Any = DuckDBConnectionManager
    # Where none was opened it raises, and no exception of its own.
    with suppress(Exception):
        connections.env().close()
    connections.close_all_connections()


def _name_damage(settings: Settings, result: BuildResult) -> None:
    """In place of what each reader of a damaged file said in the engine's words: the file, once."""
    failed = [problem for problem in result.problems if problem.status == "fail"]
    if len(failed) == len(result.problems):
        return
    damaged = first_damaged_file(settings.build_database)
    if damaged:
        message = (
            "It is damaged: its footer can be read, its data cannot. Deliver it again, or take it "
            "out of the folder."
        )
        result.problems = [NodeOutcome(damaged, "file", "error", 0, message), *failed]


def _invoke(command: list[str], *watching: Callable[[Any], None]) -> BuildResult:
    # Importing dbt takes seconds: `tributary --help` should not wait for it.
    from dbt.cli.main import dbtRunner

    messages: list[str] = []

    def observe(event: Any) -> None:
        if event.info.level == "error":
            messages.append(event.info.msg)
        for watch in watching:
            watch(event)

    outcome = dbtRunner(callbacks=[observe]).invoke(command)
    release_database()
    result = BuildResult()
    nodes = getattr(outcome.result, "results", None)
    if outcome.exception is not None or not nodes:
        raised = str(outcome.exception or "\n".join(messages) or _nothing_found(command))
        result.error = explain(raised)
        return result
    for node in nodes:
        _record(result, node)
    return result


def _nothing_found(command: list[str]) -> str:
    selected = command[command.index("--select") + 1] if "--select" in command else None
    if selected is None:
        return "dbt found nothing to build."
    return f"Nothing is called {selected}. `uv run dbt ls` lists what --select can name."


def _record(result: BuildResult, node: Any) -> None:
    if node.node.resource_type == "operation":
        return
    status = str(node.status)
    result.counts[status] = result.counts.get(status, 0) + 1
    outcome = NodeOutcome(
        name=node.node.name,
        kind=str(node.node.resource_type),
        status=status,
        failures=node.failures or 0,
        message=explain(node.message or ""),
        subject=(getattr(node.node, "attached_node", None) or "").split(".")[-1],
        query=getattr(node.node, "compiled_code", None) or "",
        unit=str((node.node.config.get("meta") or {}).get("unit", "")),
    )
    if status in ("error", "fail", "runtime error"):
        result.problems.append(outcome)
    elif status == "warn":
        result.warnings.append(outcome)
    elif outcome.kind == "model" and str(node.node.config.get("access")) == "public":
        result.marts.append(outcome.name)


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("[progress.description]{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


def _advance(progress: Progress) -> Callable[[Any], None]:
    task = progress.add_task("reading the project", total=None)

    def on_event(event: Any) -> None:
        if event.info.name == "NodeStart":
            progress.update(
                task,
                description=event.data.node_info.node_name[:48].ljust(48),
                total=getattr(event.data, "total", None),
            )
        elif event.info.name == "LogStartLine":
            progress.update(task, total=event.data.total)
        elif event.info.name == "NodeFinished":
            progress.advance(task)

    return on_event
