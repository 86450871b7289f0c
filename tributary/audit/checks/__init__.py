"""The rules, by family: each module makes checks from the declarations."""

from datetime import datetime

from tributary.audit.check import Check
from tributary.audit.checks import (
    business,
    conservation,
    contract,
    identities,
    ledger,
    named,
    ratios,
    rows,
    totals,
)
from tributary.audit.declarations import Declarations
from tributary.audit.rulebook import Rulebook


def all_checks(declarations: Declarations, rulebook: Rulebook, now: datetime) -> list[Check]:
    """Every check of the candidate's content, in the order in which they are shown.

    Raises:
        AuditError: audit.yml names what the project does not declare.
    """
    made = [
        *rows.checks(declarations, rulebook.rules),
        *ratios.checks(declarations),
        *identities.checks(declarations),
        *totals.checks(declarations, rulebook.hierarchies),
        *ledger.checks(declarations),
        *conservation.checks(declarations),
        *business.checks(declarations, rulebook.rules, now),
    ]
    named.refuse_unknown_names(declarations, rulebook, [*contract.checks(declarations), *made])
    return [check for check in made if check.parts or check.natives]
