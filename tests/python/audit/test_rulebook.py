"""audit.yml says what is wrong with it, where, and what may stand there."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
from audited import DECLARED, NOW, ROOT, project_with, severity

from tributary.audit import AuditError, check_rulebook
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
        (
            "    columns: [action_value,",
            "    columns: [action_valu,",
            r"rules.amounts_are_not_negative.columns: 'action_valu' is not a number of any mart. "
            r"Write one of them, such as action_value",
        ),
        (
            "    columns: [action_value,",
            "    columns: [surface,",
            r"'surface' is not a number of any mart",
        ),
        (
            "[acting_users, clicking_users]",
            "[acting_user, clicking_users]",
            r"rules.components_are_ordered.chains: 'acting_user' is not a column of any mart. "
            r"Write one of them, such as acting_users",
        ),
        (
            "[acting_users, clicking_users]",
            "[acting_users, raw_rows]",
            r"no mart has two of acting_users, raw_rows. Take the chain out",
        ),
        (
            "      lateness: [amount]\n",
            "      latenes: [amount]\n",
            r"rules.values_are_present.nullable: 'latenes' is not a mart. .*such as lateness",
        ),
        (
            "      lateness: [amount]\n",
            "      lateness: [amounts]\n",
            r"nullable.lateness: 'amounts' is not a column of it. .*such as amount",
        ),
        (
            "      advertiser_daily: {advertiser_id:",
            "      advertisers_daily: {advertiser_id:",
            r"attributes_are_constant.attributes: 'advertisers_daily' is not a mart",
        ),
        (
            "{advertiser_id: [advertiser_name, industry,",
            "{advertiser_id: [advertiser_name, industri,",
            r"attributes.advertiser_daily: 'industri' is not a column of it. .*industry",
        ),
        (
            "  grain_is_unique:\n",
            "  grain_is_unique:\n    marts: {advertisers_daily: warn}\n",
            r"rules.grain_is_unique.marts: 'advertisers_daily' is not a mart that the rule is "
            r"about. Write one of them, such as advertiser_daily",
        ),
        (
            "  lateness_adds_up:\n",
            "  lateness_adds_up:\n    marts: {revenue_daily: ignore}\n",
            r"rules.lateness_adds_up.marts: 'revenue_daily' is not .* such as lateness\.",
        ),
        (
            "  advertisers_sum_to_the_day:\n",
            "  advertisers_sum_to_the_day:\n    marts: {advertiser_daily: warn}\n",
            r"hierarchies.advertisers_sum_to_the_day.marts: .* such as revenue_daily\.",
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


def test_severities_of_single_marts_are_taken_where_the_rule_is_about_them(tmp_path: Path) -> None:
    rulebook = read_rulebook(
        project_with(
            tmp_path,
            ("  grain_is_unique:\n", "  grain_is_unique:\n    marts: {advertiser_daily: warn}\n"),
            ("  contract_is_exact:\n", "  contract_is_exact:\n    marts: {lateness: warn}\n"),
        )
    )
    assert all_checks(DECLARED, rulebook, NOW)


def test_a_hierarchy_that_is_ignored_but_for_one_mart_is_asked_there(tmp_path: Path) -> None:
    rule = "advertisers_sum_to_the_day"
    before, after = severity(rule, "block", "ignore")
    ignored = read_rulebook(project_with(tmp_path, (before, after)))
    assert rule not in {check.rule for check in all_checks(DECLARED, ignored, NOW)}
    some = read_rulebook(
        project_with(tmp_path, (before, after + "    marts: {revenue_daily: block}\n"))
    )
    assert rule in {check.rule for check in all_checks(DECLARED, some, NOW)}


def test_the_file_can_be_checked_before_anything_is_built() -> None:
    check_rulebook(ROOT)
    began = time.monotonic()
    check_rulebook(ROOT)
    assert time.monotonic() - began < 1
    code = (
        "import sys; from pathlib import Path; from tributary.audit import check_rulebook;"
        "check_rulebook(Path(sys.argv[1])); print('great_expectations' in sys.modules)"
    )
    said = subprocess.check_output([sys.executable, "-c", code, str(ROOT)], text=True)
    assert said == "False\n"


def test_before_anything_is_built_a_name_that_is_none_is_refused(tmp_path: Path) -> None:
    for part in ("dbt_project.yml", "models"):
        (tmp_path / part).symlink_to(ROOT / part)
    project_with(tmp_path, ("    columns: [action_value,", "    columns: [action_valu,"))
    with pytest.raises(AuditError, match=r"'action_valu' is not a number"):
        check_rulebook(tmp_path)
