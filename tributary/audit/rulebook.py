"""The rules' severities, thresholds and reasons, and the hierarchies: `audit.yml`, validated."""

from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from tributary.audit.declarations import LOADER, AuditError

FILE = "audit.yml"

Severity = Literal["block", "warn", "ignore"]
Text = Annotated[str, Field(min_length=1)]
Share = Annotated[float, Field(gt=0, le=1)]
Days = Annotated[int, Field(ge=0)]
Parts = Annotated[int, Field(ge=0, le=1_000_000)] | Text
"""Parts per million, or the name of the variable of dbt_project.yml that holds them."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Rule(_Strict):
    """What is declared beside each rule.

    Attributes:
        severity: block refuses the candidate, warn lets it pass and says so, ignore leaves it out.
        reason: why the rule is there and why it is as severe as it is, in one line.
        advice: what to do where it does not hold, in one line.
        marts: severities of single marts, where they differ.
    """

    severity: Severity
    reason: Text
    advice: Text
    marts: dict[str, Severity] = {}


class NotNullRule(Rule):
    """Columns that may be NULL although they are keys, counts or amounts, by mart."""

    nullable: dict[str, list[str]] = {}


class AmountsRule(Rule):
    """Amounts that are never below 0, in whichever mart shows them."""

    columns: list[Text]


class OrderRule(Rule):
    """Chains of columns, each no greater than the next, in whichever mart shows two of them."""

    chains: list[Annotated[list[Text], Field(min_length=2)]]


class ConstantRule(Rule):
    """Columns that say the same of a key wherever it stands, by mart: {key: columns}."""

    attributes: dict[str, dict[str, list[Text]]]


class ShareRule(Rule):
    """A share of rows, in parts per million, that is too many; fewer rows say nothing."""

    above_ppm: Parts
    least_rows: Annotated[int, Field(ge=1)] | Text


class RecentRule(Rule):
    """How far the newest complete day may lie behind the clock.

    Attributes:
        within_days: complete days that may be missing.
        historical_beyond_days: data older than this is a history that nobody adds to: its age says
            nothing.
    """

    within_days: Days
    historical_beyond_days: Annotated[int, Field(ge=1)]


class LagRule(Rule):
    """How many days one event table may end before another."""

    within_days: Days


class SeasonRule(Rule):
    """The seasonal band of a day's volume.

    Attributes:
        volumes: columns of revenue_daily that are judged, for each surface and the whole.
        judged_days: newest days that are judged.
        weeks: weeks before a day whose same weekday is its season.
        least_weeks: fewer same weekdays than this are no season.
        least_days: fewer earlier days with a season than this say nothing of its usual spread.
        spreads: width of the band, in robust standard deviations (1.4826 · MAD).
        least_change: a relative change below this is never out of season.
    """

    volumes: list[Text]
    judged_days: Annotated[int, Field(ge=1)]
    weeks: Annotated[int, Field(ge=1)]
    least_weeks: Annotated[int, Field(ge=1)]
    least_days: Annotated[int, Field(ge=3)]
    spreads: Annotated[float, Field(gt=0)]
    least_change: Annotated[float, Field(gt=0)]


class ReasonsRule(Rule):
    """Reasons of the quarantine that the rule is about."""

    reasons: list[Text]


class Rules(_Strict):
    """Every rule of the audit, by id."""

    contract_is_exact: Rule
    nothing_else_is_served: Rule
    mart_is_not_empty: Rule
    grain_is_unique: Rule
    values_are_present: NotNullRule
    values_are_declared: Rule
    counts_are_not_negative: Rule
    amounts_are_not_negative: AmountsRule
    components_are_ordered: OrderRule
    attributes_are_constant: ConstantRule
    declared_conditions_hold: Rule
    declared_findings_are_none: Rule
    every_day_is_there: Rule
    ratios_are_finite: Rule
    ratios_equal_their_sums: Rule
    ratio_bounds_hold: Rule
    identities_hold: Rule
    identity_status_matches_the_marts: Rule
    identity_status_is_complete: Rule
    identity_status_follows_from_its_entries: Rule
    no_identity_is_violated: Rule
    no_double_entry_fails: Rule
    both_systems_are_recorded: Rule
    declared_totals_agree: Rule
    distinct_counts_fit_their_parts: Rule
    ledger_totals_agree: Rule
    revenue_is_one_number: Rule
    running_totals_are_sums: Rule
    invoices_match_identity_status: Rule
    rows_are_conserved: Rule
    quarantine_matches_conservation: Rule
    lateness_matches_conservation: Rule
    lateness_adds_up: Rule
    late_arrivals_match_lateness: Rule
    volumes_are_in_season: SeasonRule
    newest_day_is_recent: RecentRule
    no_event_table_lags_behind: LagRule
    rejects_call_for_attention: ShareRule
    rejects_are_few: ShareRule
    late_rows_are_few: ShareRule
    rates_are_present: ReasonsRule


class Side(_Strict):
    """One side of a hierarchy: rows of a mart.

    Attributes:
        mart: the mart.
        where: which of its rows; None: all. Variables are filled in as in the marts' YAML.
        keys: the columns that the hierarchy's keys are called there; None: the same names.
        columns: what the hierarchy's columns are called there; None: the same names.
    """

    mart: Text
    where: Text | None = None
    keys: list[Text] | None = None
    columns: list[Text] | None = None


class Each(_Strict):
    """A column of the children, each value of which adds up to the parent by itself.

    Attributes:
        column: the column.
        values: the variable of dbt_project.yml that lists the values that must be there.
    """

    column: Text
    values: Text | None = None


class Hierarchy(Rule):
    """Children that sum to their parent, exactly, for each value of the keys.

    Attributes:
        parent: the totals.
        child: the parts.
        keys: columns by which a part finds its total.
        columns: what is summed; None: every additive column that both marts have.
        each: partitions that stand side by side among the children.
        one_to_one: each total has one part, so that distinct counts and ratios agree as well.
    """

    parent: Side
    child: Side
    keys: Annotated[list[Text], Field(min_length=1)]
    columns: list[Text] | None = None
    each: Each | None = None
    one_to_one: bool = False


class Rulebook(_Strict):
    """All of audit.yml."""

    examples: Annotated[int, Field(ge=1, le=50)] = 3
    rules: Rules
    hierarchies: dict[str, Hierarchy] = {}

    @field_validator("hierarchies")
    @classmethod
    def _names_are_free(cls, declared: dict[str, Hierarchy]) -> dict[str, Hierarchy]:
        for name in declared:
            if name in Rules.model_fields:
                raise ValueError(f"{name!r} is the name of a rule; give the hierarchy another")
        return declared

    def rule(self, name: str) -> Rule:
        """A rule or hierarchy by its id."""
        found: Rule = self.hierarchies.get(name) or getattr(self.rules, name)
        return found


def read_rulebook(project: Path) -> Rulebook:
    """Read and validate the project's audit.yml.

    Raises:
        AuditError: the file is missing, is no YAML, or declares what no rule understands; the
            message names each place and what may stand there.
    """
    path = project / FILE
    try:
        declared: Any = yaml.load(path.read_text("utf-8"), Loader=LOADER)
    except OSError as failed:
        raise AuditError(
            f"{path} cannot be read ({failed.strerror}): it declares the severity of each rule of "
            "the audit. Take the one of the repository."
        ) from failed
    except (yaml.YAMLError, UnicodeDecodeError) as failed:
        raise AuditError(f"{path} is no YAML: {failed}") from failed
    try:
        return Rulebook.model_validate(declared or {})
    except ValidationError as failed:
        faults = "\n".join(f"  {_in_words(error)}" for error in failed.errors())
        raise AuditError(f"{path} cannot be used:\n{faults}") from failed


def _in_words(error: Any) -> str:
    place = [str(part) for part in error["loc"]]
    where, name = ".".join(place[:-1]) or "the file", place[-1] if place else ""
    if error["type"] == "extra_forbidden":
        known = _known(place[:-1])
        return f"{where}: {name!r} is not known. Take it out, or write one of {', '.join(known)}."
    if error["type"] == "missing":
        return f"{where}: {name!r} is missing. Add it; severity: ignore leaves a rule out."
    if error["type"] == "literal_error" and "severity" in [*place, "severity"]:
        expected = error["ctx"]["expected"]
        return f"{'.'.join(place)}: {error['input']!r} is none of {expected}. Write one of them."
    return f"{'.'.join(place)}: {error['msg']}, not {error['input']!r}."


def _known(place: list[str]) -> list[str]:
    fields = Rulebook.model_fields
    if not place:
        return list(fields)
    model: Any = Rules
    if place[0] == "hierarchies":
        model = Hierarchy
        place = place[2:]
    else:
        place = place[1:]
    for name in place:
        annotation = model.model_fields[name].annotation
        options = [annotation, *getattr(annotation, "__args__", ())]
        model = next((option for option in options if hasattr(option, "model_fields")), model)
    return list(model.model_fields)
