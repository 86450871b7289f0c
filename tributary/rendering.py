"""The project's macros as SQL text without starting dbt: what a command asks of a file or of the
published marts is computed by the very macros that build the marts."""

import datetime
import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment

from tributary.settings import find_project

_MACRO = re.compile(r"{%-?\s*macro\s+(\w+)\s*\(.*?{%-?\s*endmacro\s*-?%}", re.DOTALL)
_COMMENT = re.compile(r"{#.*?#}", re.DOTALL)


class MacroError(Exception):
    """A macro refused what it was given; the message is the macro's own."""


class _ReturnedError(Exception):
    """What a macro gives back in place of its text; ends the macro, as it does under dbt."""

    def __init__(self, value: Any) -> None:
        self.value = value


class Renderer:
    """The macros of a project that need of dbt only `var`, `modules` and `adapter.dispatch`.

    A macro that asks for more (a relation, the graph, a query) is not for this.
    """

    def __init__(
        self, sources: Mapping[str, str], variables: Mapping[str, Any], engine: str = "duckdb"
    ) -> None:
        """Take macros by name, each as the text of its block, and the project's variables."""
        self._environment = Environment(extensions=["jinja2.ext.do"], autoescape=False)
        self.variables = variables
        self._engine = engine
        self._environment.globals.update(
            {
                "var": self._variable,
                "return": self._give_back,
                "modules": {"datetime": datetime, "re": re},
                "adapter": {"dispatch": self._dispatched},
                "exceptions": {"raise_compiler_error": self._refuse},
            }
        )
        self._compiled: dict[str, Callable[..., Any]] = {}
        for name, text in sources.items():
            self._environment.globals[name] = partial(self.call, name)
            self._compiled[name] = partial(self._compile, name, text)

    @classmethod
    def of_project(cls, project: Path | None = None, engine: str = "duckdb") -> "Renderer":
        """The macros and variables of a checkout.

        Args:
            project: its folder; the one that the commands use, where not given.
            engine: whose dialect is written, duckdb or spark.
        """
        root = project or find_project(Path.cwd())
        sources: dict[str, str] = {}
        for file in sorted((root / "macros").rglob("*.sql")):
            text = _COMMENT.sub("", file.read_text("utf-8"))
            sources |= {found[1]: found[0] for found in _MACRO.finditer(text)}
        declared = yaml.safe_load((root / "dbt_project.yml").read_text("utf-8"))
        return cls(sources, declared["vars"], engine)

    def call(self, name: str, *arguments: Any, **named: Any) -> Any:
        """What a macro gives back: its text, or the value that it returns.

        Raises:
            MacroError: the macro refuses its arguments.
        """
        try:
            return self._compiled[name](*arguments, **named)
        except _ReturnedError as returned:
            return returned.value

    def _compile(self, name: str, text: str, *arguments: Any, **named: Any) -> Any:
        macro = getattr(self._environment.from_string(text).module, name)
        self._compiled[name] = macro
        return macro(*arguments, **named)

    def _variable(self, name: str, default: Any = None) -> Any:
        return self.variables.get(name, default)

    def _dispatched(self, name: str, _package: str = "") -> Callable[..., Any]:
        own = f"{self._engine}__{name}"
        return partial(self.call, own if own in self._compiled else f"default__{name}")

    @staticmethod
    def _give_back(value: Any = None) -> Any:
        raise _ReturnedError(value)

    @staticmethod
    def _refuse(message: str) -> Any:
        raise MacroError(message)
