"""The project as Dagster shows it: models as assets, tests and audit rules as their checks."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator

from tributary.audit.rulebook import Rulebook, Rules, read_rulebook
from tributary.settings import Settings, SettingsError

CANDIDATE = dg.AssetKey("candidate")
PUBLICATION = dg.AssetKey("publication")
WARN_AFTER = timedelta(hours=26)
FAIL_AFTER = timedelta(hours=50)
"""A day's run may take two hours; then it is late, and after another day two were missed."""


@dataclass(frozen=True)
class Graph:
    """What a run makes and checks.

    Attributes:
        assets: the models, the candidate and the publication, each after what it is made of.
        checks: dbt's tests and the rules of the audit.
        models: keys of the assets by dbt's unique id.
        tests: keys of the checks by dbt's unique id.
        rules: keys of the checks by the rule's id.
        units: of what a test finds where that is no number of rows, by dbt's unique id.
    """

    assets: list[dg.AssetSpec]
    checks: list[dg.AssetCheckSpec]
    models: Mapping[str, dg.AssetKey]
    tests: Mapping[str, dg.AssetCheckKey]
    rules: Mapping[str, dg.AssetCheckKey]
    units: Mapping[str, str] = field(default_factory=dict)


def read_graph(settings: Settings) -> Graph:
    """The project's models, tests and rules, under the settings given.

    Raises:
        SettingsError: dbt cannot read the project; the message is dbt's.
        AuditError: audit.yml cannot be used.
    """
    manifest = _manifest(settings)
    translator = _Translator()
    nodes = {unique_id: node for unique_id, node in manifest["nodes"].items() if _is_on(node)}
    depths = _depths(nodes)
    models = {
        unique_id: translator.get_asset_spec(manifest, unique_id, None)
        for unique_id in sorted(depths, key=lambda name: depths[name])
    }
    tests = {
        unique_id: _test(node, models, depths)
        for unique_id, node in nodes.items()
        if node["resource_type"] == "test"
    }
    rules = {rule.name: rule for rule in _rules(read_rulebook(settings.project))}
    served = [
        spec.key
        for unique_id, spec in models.items()
        if nodes[unique_id]["config"].get("access") == "public"
    ]
    return Graph(
        assets=[*models.values(), *_served(served)],
        checks=[*tests.values(), *rules.values()],
        models={unique_id: spec.key for unique_id, spec in models.items()},
        tests={unique_id: spec.key for unique_id, spec in tests.items()},
        rules={name: spec.key for name, spec in rules.items()},
        units={name: unit for name in tests if (unit := _unit(nodes[name]))},
    )


class _Translator(DagsterDbtTranslator):
    """Models by schema and name, without their SQL: the description says what they are."""

    def get_description(self, dbt_resource_props: Mapping[str, Any]) -> str:
        return str(dbt_resource_props.get("description") or "")

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        return str(dbt_resource_props["fqn"][1])


def _manifest(settings: Settings) -> dict[str, Any]:
    from dbt.cli.main import dbtRunner

    command = [
        *("--quiet", "--log-level", "none", "parse", "--no-write-json"),
        *("--project-dir", str(settings.project)),
        *("--profiles-dir", str(settings.project)),
        *("--target", settings.target),
    ]
    with settings.exported():
        outcome = dbtRunner().invoke(command)
    if not outcome.success:
        raise SettingsError(f"dbt cannot read {settings.project}: {outcome.exception}")
    parsed: Any = outcome.result
    manifest: dict[str, Any] = parsed.writable_manifest().to_dict(omit_none=False)
    return manifest


def _is_on(node: Mapping[str, Any]) -> bool:
    return bool(node["config"].get("enabled", True))


def _unit(node: Mapping[str, Any]) -> str:
    return str((node["config"].get("meta") or {}).get("unit", ""))


def _test(
    node: Mapping[str, Any], models: Mapping[str, dg.AssetSpec], depths: Mapping[str, int]
) -> dg.AssetCheckSpec:
    """A test is a check of the model that it is attached to, else of the last one that it reads.

    One that reads none, such as a worked example of a macro, is a check of the last of all.
    """
    reads = [name for name in node["depends_on"]["nodes"] if name in models]
    attached = node.get("attached_node")
    last = max(reads or models, key=lambda name: (depths[name], name))
    asset = models[str(attached) if attached in models else last].key
    return dg.AssetCheckSpec(
        name=node["name"],
        asset=asset,
        description=node.get("description") or None,
        additional_deps={models[name].key for name in reads} - {asset},
        blocking=str(node["config"]["severity"]).lower() == "error",
    )


def _depths(nodes: Mapping[str, Any]) -> Mapping[str, int]:
    """How many models stand between each model and the raw tables, at most."""

    @cache
    def depth(unique_id: str) -> int:
        read = nodes[unique_id]["depends_on"]["nodes"]
        return 1 + max((depth(name) for name in read if name in nodes), default=0)

    return {name: depth(name) for name in nodes if nodes[name]["resource_type"] == "model"}


def _rules(rulebook: Rulebook) -> Iterator[dg.AssetCheckSpec]:
    for name in (*Rules.model_fields, *rulebook.hierarchies):
        rule = rulebook.rule(name)
        severities = {rule.severity, *rule.marts.values()}
        if severities != {"ignore"}:
            yield dg.AssetCheckSpec(
                name=name,
                asset=CANDIDATE,
                description=f"{rule.reason} {rule.advice}",
                blocking="block" in severities,
            )


def _served(marts: list[dg.AssetKey]) -> Iterator[dg.AssetSpec]:
    yield dg.AssetSpec(
        CANDIDATE,
        deps=marts,
        group_name="served",
        kinds={"duckdb", "parquet"},
        description="The served marts, copied out of the build and held against it. It lasts until "
        "the run ends.",
    )
    yield dg.AssetSpec(
        PUBLICATION,
        deps=[CANDIDATE],
        group_name="served",
        kinds={"duckdb", "parquet"},
        description="What readers see: a candidate that no rule of the audit refused.",
        freshness_policy=dg.FreshnessPolicy.time_window(
            warn_window=WARN_AFTER, fail_window=FAIL_AFTER
        ),
    )
