"""audit.yml says what is wrong with it, where, and what may stand there."""

from pathlib import Path

import pytest
from audited import DECLARED, NOW, project_with, severity

from tributary.audit import AuditError
from tributary.audit.checks import all_checks
from tributary.audit.rulebook import read_rulebook

FIRST = "hierarchies:\n  surfaces_sum_to_the_day:\n"


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (
            *severity("grain_is_unique", "block", "fatal"),
            r"rules.grain_is_unique.severity: 'fatal' is none of 'block', 'warn' or 'ignore'",
        ),
        (
            "  grain_is_unique:\n",
            "  grain_is_uniq:\n",
            r"rules: 'grain_is_unique' is missing.*\n.*rules: 'grain_is_uniq' is not known",
        ),
        (
            "    within_days: 2\n",
            "    within_day: 2\n",
            r"'within_days' is missing.*\n.*'within_day' is not known. .*within_days",
        ),
        (
            "    spreads: 5\n",
            "    spreads: -5\n",
            r"rules.volumes_are_in_season.spreads: Input should be greater than 0, not -5",
        ),
        (
            FIRST,
            FIRST.replace("surfaces_sum_to_the_day", "grain_is_unique"),
            r"'grain_is_unique' is the name of a rule; give the hierarchy another",
        ),
        ("examples: 3\n", "examples: [\n", "is no YAML"),
    ],
)
def test_what_the_file_cannot_say_is_refused_in_words(
    tmp_path: Path, before: str, after: str, said: str
) -> None:
    with pytest.raises(AuditError, match=said):
        read_rulebook(project_with(tmp_path, (before, after)))


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (
            "parent: {mart: revenue_daily, where: \"surface = '(all)'\"}",
            "parent: {mart: revenues}",
            r"hierarchies.surfaces_sum_to_the_day names the mart 'revenues'. Write one of adv",
        ),
        (
            "    keys: [requested_on]\n",
            "    keys: [day]\n",
            r"hierarchies.surfaces_sum_to_the_day: revenue_daily has no column 'day'. Its columns",
        ),
        (
            "values: dimensions}",
            "values: dimension}",
            r"variable 'dimension', which dbt_project.yml does not declare as a list",
        ),
        (
            "above_ppm: reject_share_warn_ppm",
            "above_ppm: reject_share",
            r"variable 'reject_share', which dbt_project.yml does not declare as a whole number",
        ),
        (
            'var("search_surfaces")',
            'var("search_surface")',
            r"the variable 'search_surface', which dbt_project.yml does not declare",
        ),
    ],
)
def test_what_the_project_does_not_declare_is_refused_in_words(
    tmp_path: Path, before: str, after: str, said: str
) -> None:
    rulebook = read_rulebook(project_with(tmp_path, (before, after)))
    with pytest.raises(AuditError, match=said):
        all_checks(DECLARED, rulebook, NOW)


def test_a_project_without_the_file_is_told_where_to_take_it_from(tmp_path: Path) -> None:
    with pytest.raises(AuditError, match=r"audit.yml cannot be read.*Take the one of the repos"):
        read_rulebook(tmp_path)
