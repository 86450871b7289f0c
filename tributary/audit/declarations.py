"""What the project declares of its marts: read from the files that dbt reads, without running dbt.

The audit is made from the same declarations as the marts, but shares none of dbt's macros. Reading
the YAML takes a tenth of a second where a new dbt process takes three; a test holds what is read
here against dbt's own manifest.
"""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from tributary.settings import SOURCE, SOURCES

MARTS = Path("models") / "marts"
LOADER: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The parser in C, where PyYAML has it, is ten times as fast."""
REFERENCE = re.compile(r"\s*ref\(\s*['\"](\w+)['\"]\s*\)\s*")


class AuditError(Exception):
    """An audit that cannot be made; the message says why, and what to do."""


@dataclass(frozen=True)
class Column:
    """A column of a mart's contract.

    Attributes:
        name: its name.
        data_type: its type, as the contract writes it.
        unit: what it counts or measures.
        additivity: additive, semi-additive, distinct, ratio, none or another word.
    """

    name: str
    data_type: str
    unit: str
    additivity: str

    @property
    def is_count(self) -> bool:
        """Whether it counts something, so that it is never below 0."""
        return self.unit == "count"

    @property
    def is_amount(self) -> bool:
        """Whether it is exact money or a sum of units."""
        return self.data_type.lower().startswith("decimal")

    @property
    def is_double(self) -> bool:
        """Whether it can hold NaN or infinity."""
        return self.data_type.lower() in ("double", "float")


@dataclass(frozen=True)
class DataTest:
    """A data test that stands in a mart's YAML.

    Attributes:
        kind: name of the generic test.
        name: the sentence that it asserts.
        column: the column under which it stands; None: under the mart.
        arguments: its arguments, with the project's variables filled in.
        warns: whether it warns where it does not hold.
        where: the rows that it is about; None: all.
    """

    kind: str
    name: str
    column: str | None
    arguments: Mapping[str, Any]
    warns: bool
    where: str | None


@dataclass(frozen=True)
class Mart:
    """A served mart: its contract, and what its YAML asserts of it."""

    name: str
    columns: tuple[Column, ...]
    tests: tuple[DataTest, ...] = ()

    @cached_property
    def grain(self) -> tuple[str, ...]:
        """Columns in which no two rows agree; none where none is declared."""
        for test in self.of_kind("unique_grain"):
            return tuple(test.arguments["columns"])
        return ()

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the columns, in order."""
        return tuple(column.name for column in self.columns)

    def of_kind(self, kind: str) -> Iterator[DataTest]:
        """Its tests of one kind."""
        return (test for test in self.tests if test.kind == kind)

    def has(self, names: tuple[str, ...] | list[str]) -> bool:
        """Whether each of these is a column of it."""
        return set(names) <= set(self.names)


@dataclass(frozen=True)
class Declarations:
    """Everything that the audit is made from.

    Attributes:
        marts: the served marts by name.
        variables: the variables of dbt_project.yml.
        gaps_by_nature: factors in which the log's format has a gap between two systems.
    """

    marts: Mapping[str, Mart]
    variables: Mapping[str, Any]
    gaps_by_nature: frozenset[str] = field(default_factory=frozenset)

    @property
    def metrics(self) -> Mapping[str, Mapping[str, Any]]:
        """The declared ratios of sums."""
        return dict(self.variables.get("metrics", {}))

    @property
    def identities(self) -> Mapping[str, Mapping[str, Any]]:
        """The declared identities."""
        return dict(self.variables.get("identities", {}))

    @property
    def tolerance(self) -> str:
        """Relative tolerance of an identity, as a number in SQL."""
        return repr(float(self.variables["identity_tolerance"]))

    def render(self, text: str) -> str:
        """A text of YAML with the project's variables filled in.

        Raises:
            AuditError: the text is no template, or names a variable that is not declared.
        """
        return _rendered(text, self.variables)


def read_declarations(project: Path, source: str | None = None) -> Declarations:
    """Read dbt_project.yml and the YAML beside the marts.

    Args:
        project: folder of the dbt project.
        source: log format of the raw tables; None: that of the environment.

    Raises:
        AuditError: a file is missing or is no YAML, or nothing is served.
    """
    variables = _read(project / "dbt_project.yml").get("vars", {})
    marts = {}
    for path in sorted((project / MARTS).rglob("*.yml")):
        for declared in _read(path).get("models", []):
            marts[declared["name"]] = _mart(declared, variables)
    if not marts:
        raise AuditError(f"No mart is declared under {project / MARTS}: there is nothing to audit.")
    log_format = source or os.environ.get(SOURCE, SOURCES[0])
    return Declarations(marts, variables, _gaps_by_nature(project, log_format))


def _gaps_by_nature(project: Path, source: str) -> frozenset[str]:
    factors: set[str] = set()
    for path in sorted((project / "models" / "staging" / source).glob("*.yml")):
        for declared in _read(path).get("models", []):
            config = declared.get("config") or {}
            factors.update((config.get("meta") or {}).get("gaps_by_nature", {}))
    return frozenset(factors)


def _mart(declared: Mapping[str, Any], variables: Mapping[str, Any]) -> Mart:
    columns = []
    tests = [_data_test(test, None, variables) for test in _tests_of(declared)]
    for column in declared.get("columns", []):
        meta = {**column.get("meta", {}), **(column.get("config") or {}).get("meta", {})}
        columns.append(
            Column(
                name=column["name"],
                data_type=str(column.get("data_type", "")),
                unit=str(meta.get("unit", "")),
                additivity=str(meta.get("additivity", "")),
            )
        )
        tests += [_data_test(test, column["name"], variables) for test in _tests_of(column)]
    return Mart(declared["name"], tuple(columns), tuple(tests))


def _tests_of(declared: Mapping[str, Any]) -> list[Any]:
    return list(declared.get("data_tests") or declared.get("tests") or [])


def _data_test(declared: Any, column: str | None, variables: Mapping[str, Any]) -> DataTest:
    kind, given = (declared, {}) if isinstance(declared, str) else next(iter(declared.items()))
    config = given.get("config") or {}
    arguments = given.get("arguments") or {
        name: value for name, value in given.items() if name not in ("name", "config", "where")
    }
    where = config.get("where")
    return DataTest(
        kind=kind,
        name=given.get("name", kind),
        column=column,
        arguments=_filled(arguments, variables),
        warns=str(config.get("severity", "error")).lower() == "warn",
        where=_rendered(where, variables) if where else None,
    )


def _filled(value: Any, variables: Mapping[str, Any]) -> Any:
    if isinstance(value, str):
        return _value_of(value, variables)
    if isinstance(value, Mapping):
        return {name: _filled(inner, variables) for name, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, variables) for inner in value]
    return value


def _value_of(text: str, variables: Mapping[str, Any]) -> Any:
    rendered = _rendered(text, variables)
    if rendered != text and text.strip().startswith("{{") and text.strip().endswith("}}"):
        # A whole value made by a template is what its text says: a list, most often.
        return yaml.safe_load(rendered)
    return rendered


def _rendered(text: str, variables: Mapping[str, Any]) -> str:
    if "{{" not in text and "{%" not in text:
        return text
    from jinja2 import StrictUndefined, TemplateError
    from jinja2.sandbox import SandboxedEnvironment

    def var(name: str, default: Any = None) -> Any:
        if name not in variables and default is None:
            raise AuditError(
                f"{text!r} names the variable {name!r}, which dbt_project.yml does not declare."
            )
        return variables.get(name, default)

    environment = SandboxedEnvironment(undefined=StrictUndefined)
    try:
        return environment.from_string(text).render(var=var, doc=lambda name: name)
    except TemplateError as failed:
        raise AuditError(f"{text!r} cannot be filled in: {failed}.") from failed


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open(encoding="utf-8") as file:
            return dict(yaml.load(file, Loader=LOADER) or {})
    except OSError as failed:
        raise AuditError(f"{path} cannot be read: {failed.strerror}.") from failed
    except (yaml.YAMLError, ValueError, TypeError) as failed:
        raise AuditError(f"{path} is no YAML of the kind that dbt reads: {failed}") from failed
