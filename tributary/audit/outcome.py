"""What an audit found: serialisable, and in words."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, computed_field


class RuleOutcome(BaseModel):
    """How one rule came out on one mart.

    Attributes:
        rule: id of the rule or hierarchy, as in audit.yml.
        family: the kind of rule.
        mart: the mart that it is about; '(all)' for the candidate as a whole.
        severity: block or warn.
        passed: whether it holds.
        checked: whether it could be evaluated at all; what could not has not passed.
        judged: whether there was enough to judge by; where there was not, it passes and says so.
        found: rows that break it.
        says: what must hold, in words that follow the mart's name.
        note: what is worth knowing of a rule that holds, such as that too little is known.
        message: what was found, in words, with the first of them.
        examples: the first offending rows, each with its key and its values.
        reason: why the rule is there.
        advice: what to do where it does not hold.
    """

    model_config = ConfigDict(frozen=True)

    rule: str
    family: str
    mart: str
    severity: Literal["block", "warn"]
    passed: bool
    checked: bool = True
    judged: bool = True
    found: int = 0
    says: str
    note: str | None = None
    message: str
    examples: tuple[str, ...] = ()
    reason: str
    advice: str


class Tally(BaseModel):
    """How many rules came out how, each counted once, whatever the number of marts it was asked of.

    Attributes:
        asked: all of them.
        held: hold wherever they were asked.
        unjudged: had too little to judge by, everywhere, and hold nothing against the candidate.
        warned: do not hold somewhere, and block nothing.
        blocked: block the candidate.
    """

    asked: int
    held: int
    unjudged: int
    warned: int
    blocked: int


class AuditResult(BaseModel):
    """What an audit found of one candidate.

    Attributes:
        candidate: the database file that was audited.
        audited_at: when, in UTC, as ISO 8601.
        rules: every outcome, failed before warned before passed.
        page: the page that shows them.
        seconds: wall time of the audit.
    """

    candidate: Path
    audited_at: str
    rules: tuple[RuleOutcome, ...]
    page: Path
    seconds: float

    @computed_field  # type: ignore[prop-decorator]
    @property
    def passed(self) -> bool:
        """Whether no rule that blocks has failed: the candidate may be published."""
        return not self.failures

    @property
    def tally(self) -> Tally:
        """The rules by how they came out."""
        asked = {rule.rule for rule in self.rules}
        blocked = {rule.rule for rule in self.failures}
        warned = {rule.rule for rule in self.warnings} - blocked
        judged = {rule.rule for rule in self.rules if rule.judged}
        unjudged = asked - judged - blocked - warned
        return Tally(
            asked=len(asked),
            held=len(asked - blocked - warned - unjudged),
            unjudged=len(unjudged),
            warned=len(warned),
            blocked=len(blocked),
        )

    @property
    def failures(self) -> tuple[RuleOutcome, ...]:
        """Outcomes for which the candidate is refused."""
        return tuple(rule for rule in self.rules if not rule.passed and rule.severity == "block")

    @property
    def warnings(self) -> tuple[RuleOutcome, ...]:
        """Outcomes that call for attention and refuse nothing."""
        return tuple(rule for rule in self.rules if not rule.passed and rule.severity == "warn")
