"""The audit of a candidate: the last look at the marts before anybody else sees them."""

from tributary.audit.declarations import AuditError, Declarations, read_declarations
from tributary.audit.outcome import AuditResult, RuleOutcome
from tributary.audit.run import audit_candidate, check_rulebook

__all__ = [
    "AuditError",
    "AuditResult",
    "Declarations",
    "RuleOutcome",
    "audit_candidate",
    "check_rulebook",
    "read_declarations",
]
