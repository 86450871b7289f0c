"""Candidates with one thing off, and the rules that must find it."""

from dataclasses import dataclass

DAY = "date '2026-10-25'"


@dataclass(frozen=True)
class Mutation:
    """One thing that is off.

    Attributes:
        says: what, in words.
        marts: where.
        sql: statements that make it so.
        rules: rules of which each must find it.
    """

    says: str
    marts: tuple[str, ...]
    sql: str
    rules: tuple[str, ...]


def off(says: str, mart: str, sql: str, *rules: str) -> Mutation:
    """A mutation of one mart; {mart} in its SQL is the mart."""
    return Mutation(says, (mart,), sql.replace("{mart}", f"main.{mart}"), rules)


def one(mart: str, where: str, limit: int = 1) -> str:
    """A condition that picks a mart's first rows by what they say.

    Where they lie is chance: two threads write one mart.
    """
    return (
        f"rowid in (select rowid from main.{mart} as picked where {where}"
        f" order by cast(picked as varchar) limit {limit})"
    )


REVENUE = "revenue_daily"
SEGMENTS = "revenue_daily_by_segment"
SEARCH = "search_metrics_daily"
LOCAL = "local_funnel_daily"
ADVERTISERS = "advertiser_daily"
FINANCE = "finance_quarterly"
STATUS = "identity_status"
RECONCILIATION = "reconciliation_daily"
INVOICES = "invoice_reconciliation_monthly"
QUARANTINE = "quarantine_summary"
LATE = "late_arrivals"
LATENESS = "lateness"
CONSERVATION = "conservation_daily"
CALIBRATION = "prediction_calibration"
BUCKETS = "prediction_calibration_buckets"
ELASTICITIES = "factor_elasticities"
DRIVERS = "revenue_drivers"
MOVEMENTS = "ratio_movements"
ANOMALIES = "metric_anomalies"
CAUSES = "root_causes"

SHAPE = [
    off(
        "a column is missing",
        ADVERTISERS,
        "alter table {mart} drop column roi",
        "contract_is_exact",
    ),
    off(
        "money is a double",
        RECONCILIATION,
        "alter table {mart} alter ledger_basis_amount type double",
        "contract_is_exact",
    ),
    off("a mart is missing", LATENESS, "drop table {mart}", "contract_is_exact"),
    off(
        "two columns stand in each other's place",
        FINANCE,
        "create or replace table {mart} as select currency, * exclude (currency) from {mart}",
        "contract_is_exact",
    ),
    off(
        "there is a column too many",
        CONSERVATION,
        "alter table {mart} add column note varchar",
        "contract_is_exact",
    ),
    off(
        "a table is served that nobody declared",
        REVENUE,
        "create table main.revenue_daily_backup as from {mart}",
        "nothing_else_is_served",
    ),
    off(
        "a mart is a view",
        LATE,
        "create table main.elsewhere as from {mart}; drop table {mart};"
        " create view {mart} as from main.elsewhere",
        "nothing_else_is_served",
    ),
    off(
        "a mart has no row",
        STATUS,
        "truncate {mart}",
        "mart_is_not_empty",
        "identity_status_is_complete",
    ),
]

ROWS = [
    off(
        "a row stands there twice",
        SEARCH,
        "insert into {mart} from {mart} where " + one(SEARCH, "device_type <> '(all)'"),
        "grain_is_unique",
        "devices_sum_to_the_search_surface",
    ),
    off(
        "a day stands there twice",
        REVENUE,
        f"insert into {{mart}} from {{mart}} where requested_on = {DAY}",
        "grain_is_unique",
        "revenue_is_one_number",
    ),
    off(
        "a row whose grain holds NULL stands there twice",
        QUARANTINE,
        "insert into {mart} from {mart} where " + one(QUARANTINE, "currency is null"),
        "grain_is_unique",
        "quarantine_matches_conservation",
    ),
    off(
        "a part of the key is NULL",
        LOCAL,
        "update {mart} set region_code = null where " + one(LOCAL, "region_code <> '(all)'"),
        "values_are_present",
    ),
    off(
        "the day is NULL",
        RECONCILIATION,
        "update {mart} set reported_on = null where " + one(RECONCILIATION, "true"),
        "values_are_present",
    ),
    off(
        "a count is NULL",
        SEGMENTS,
        "update {mart} set invalid_clicks = null where " + one(SEGMENTS, "invalid_clicks = 0"),
        "values_are_present",
        "segments_sum_to_the_day",
    ),
    off(
        "a value is misspelt",
        SEARCH,
        "update {mart} set device_type = 'fone' where device_type = 'phone'",
        "values_are_declared",
    ),
    off(
        "a count is negated",
        SEGMENTS,
        "update {mart} set ad_clicks = -ad_clicks where " + one(SEGMENTS, "ad_clicks > 5"),
        "counts_are_not_negative",
        "segments_sum_to_the_day",
        "ratios_equal_their_sums",
    ),
    off(
        "an amount is negated",
        ADVERTISERS,
        "update {mart} set action_value = -action_value where "
        + one(ADVERTISERS, "action_value > 0"),
        "amounts_are_not_negative",
        "advertisers_sum_to_the_day",
    ),
    off(
        "two columns are swapped",
        SEARCH,
        "update {mart} set requests = ad_requests, ad_requests = requests",
        "components_are_ordered",
        "search_is_that_of_the_day",
    ),
    off(
        "more rows are superseded than there are",
        QUARANTINE,
        "update {mart} set superseded_rows = quarantined_rows + 1 where " + one(QUARANTINE, "true"),
        "components_are_ordered",
    ),
    off(
        "an advertiser is of two tiers",
        ADVERTISERS,
        "update {mart} set tier = 'another' where " + one(ADVERTISERS, "tier is not null"),
        "attributes_are_constant",
    ),
    off(
        "a gap is off by a micro-unit",
        INVOICES,
        "update {mart} set gap = gap + 0.000001 where " + one(INVOICES, "is_invoiced"),
        "declared_conditions_hold",
    ),
    off(
        "a lateness within the lookback is shown as beyond it",
        LATENESS,
        "update {mart} set is_within_lookback = false where " + one(LATENESS, "days_late = 0"),
        "declared_conditions_hold",
        "late_arrivals_match_lateness",
    ),
    off(
        "a day is missing",
        REVENUE,
        f"delete from {{mart}} where requested_on = {DAY}",
        "every_day_is_there",
        "segments_sum_to_the_day",
        "revenue_is_one_number",
    ),
]

RATIOS = [
    off(
        "a ratio is NaN",
        ADVERTISERS,
        "update {mart} set cvr = 'nan' where " + one(ADVERTISERS, "ad_clicks > 0"),
        "ratios_are_finite",
        "ratios_equal_their_sums",
    ),
    off(
        "a ratio is infinite where it has no value",
        LOCAL,
        "update {mart} set aap = 'infinity' where " + one(LOCAL, "ad_actions = 0"),
        "ratios_are_finite",
        "ratios_equal_their_sums",
    ),
    off(
        "a share is NaN",
        LATENESS,
        "update {mart} set share_later = 'nan' where " + one(LATENESS, "true"),
        "ratios_are_finite",
        "lateness_adds_up",
    ),
    off(
        "a ratio is a thousandth too large",
        SEGMENTS,
        "update {mart} set ctr2 = ctr2 * 1.001 where " + one(SEGMENTS, "ad_clicks > 0"),
        "ratios_equal_their_sums",
        "identities_hold",
    ),
    off(
        "a ratio is 0 where its denominator is",
        SEARCH,
        "update {mart} set cpa = 0 where " + one(SEARCH, "ad_actions = 0"),
        "ratios_equal_their_sums",
    ),
    off(
        "a share is above 1",
        REVENUE,
        "update {mart} set ad_user_share = 1.2 where " + one(REVENUE, "users > 0"),
        "ratio_bounds_hold",
        "ratios_equal_their_sums",
    ),
]

IDENTITIES = [
    off(
        "the price of a click is a millionth too large",
        REVENUE,
        "update {mart} set acp = acp * 1.000001 where "
        + one(REVENUE, "surface = '(all)' and revenue > 1"),
        "identities_hold",
        "identity_status_matches_the_marts",
    ),
    off(
        "the return on equity is of another quarter",
        FINANCE,
        "update {mart} set roe = roe * 1.1 where " + one(FINANCE, "roe <> 0"),
        "identities_hold",
        "ratios_equal_their_sums",
    ),
    off(
        "a statement is missing",
        FINANCE,
        "delete from {mart} where " + one(FINANCE, "true"),
        "identity_status_is_complete",
    ),
    off(
        "an identity was judged on other numbers",
        STATUS,
        "update {mart} set result = result * 2, product = product * 2,"
        " residual = product * 2 - result * 2 where "
        + one(STATUS, "entry = 'definition' and status = 'holds' and result > 1"),
        "identity_status_matches_the_marts",
    ),
    off(
        "a double entry counts other units than the mart",
        STATUS,
        "update {mart} set first_entry = first_entry + 1, second_entry = second_entry + 1 where "
        + one(STATUS, "factor = 'pvr' and dimension = 'surface' and first_entry > 20"),
        "identity_status_matches_the_marts",
    ),
    off(
        "an identity is not judged",
        STATUS,
        "delete from {mart} where " + one(STATUS, "entry = 'definition'"),
        "identity_status_is_complete",
    ),
    off(
        "a double entry is not judged",
        STATUS,
        "delete from {mart} where " + one(STATUS, "factor = 'ctr2' and dimension = 'surface'"),
        "identity_status_is_complete",
    ),
    off(
        "a gap is shown as none",
        STATUS,
        "update {mart} set gap_level = 'none' where " + one(STATUS, "gap_level = 'warn'"),
        "identity_status_follows_from_its_entries",
    ),
    off(
        "an identity is violated",
        STATUS,
        "update {mart} set status = 'violated' where "
        + one(STATUS, "entry = 'definition' and status = 'holds'"),
        "no_identity_is_violated",
        "identity_status_follows_from_its_entries",
    ),
    off(
        "a gap between two systems is as large as fails",
        STATUS,
        "update {mart} set gap_level = 'fail' where " + one(STATUS, "gap_level = 'warn'"),
        "no_double_entry_fails",
    ),
]

TOTALS = [
    off(
        "a surface of a day is missing",
        REVENUE,
        f"delete from {{mart}} where requested_on = {DAY} and surface = 'local'",
        "surfaces_sum_to_the_day",
        "local_surfaces_sum_to_the_local_funnel",
        "segments_by_surface_are_the_surfaces",
    ),
    off(
        "a dimension of a day is missing",
        SEGMENTS,
        f"delete from {{mart}} where requested_on = {DAY} and dimension = 'region_code'",
        "segments_sum_to_the_day",
    ),
    off(
        "the users of a surface are one more",
        SEGMENTS,
        "update {mart} set acting_users = acting_users + 1 where "
        + one(SEGMENTS, "dimension = 'surface' and acting_users < clicking_users"),
        "segments_by_surface_are_the_surfaces",
    ),
    off(
        "a device of a day is missing",
        SEARCH,
        f"delete from {{mart}} where requested_on = {DAY} and device_type = 'phone'",
        "devices_sum_to_the_search_surface",
    ),
    off(
        "a day of search is missing",
        SEARCH,
        f"delete from {{mart}} where requested_on = {DAY}",
        "search_is_that_of_the_day",
        "declared_totals_agree",
    ),
    off(
        "a region of a day is missing",
        LOCAL,
        "delete from {mart} where "
        + one(LOCAL, f"requested_on = {DAY} and region_code <> '(all)' and requests > 0"),
        "regions_sum_to_the_local_funnel",
    ),
    off(
        "a day of the local funnel is missing",
        LOCAL,
        f"delete from {{mart}} where requested_on = {DAY}",
        "local_surfaces_sum_to_the_local_funnel",
        "declared_totals_agree",
    ),
    off(
        "an advertiser of a day is missing",
        ADVERTISERS,
        "delete from {mart} where " + one(ADVERTISERS, "is_active = 1 and revenue > 0"),
        "advertisers_sum_to_the_day",
        "active_advertisers_sum_to_the_day",
        "revenue_is_one_number",
    ),
    off(
        "an advertiser without a charge is active",
        ADVERTISERS,
        "update {mart} set is_active = 1 - is_active where "
        + one(ADVERTISERS, "is_active = 0 and ad_impressions > 0"),
        "active_advertisers_sum_to_the_day",
    ),
    off(
        "the whole has fewer users than a part",
        LOCAL,
        "update {mart} set acting_users = 0 where "
        + one(LOCAL, "region_code = '(all)' and acting_users > 0"),
        "distinct_counts_fit_their_parts",
    ),
]

MONEY = [
    off(
        "a currency's total is off by a micro-unit",
        RECONCILIATION,
        "update {mart} set request_basis_amount = request_basis_amount + 0.000001,"
        " timing_difference = timing_difference + 0.000001 where "
        + one(RECONCILIATION, "currency = 'USD'"),
        "ledger_totals_agree",
        "running_totals_are_sums",
    ),
    off(
        "an advertiser's spend is off by a micro-unit",
        ADVERTISERS,
        "update {mart} set revenue = revenue + 0.000001 where " + one(ADVERTISERS, "is_active = 1"),
        "revenue_is_one_number",
        "advertisers_sum_to_the_day",
    ),
    off(
        "the ledger of the late charges is off by a micro-unit",
        LATENESS,
        "update {mart} set amount = amount + 0.000001 where "
        + one(LATENESS, "event_table = 'charges' and is_within_lookback"),
        "revenue_is_one_number",
    ),
    off(
        "a running total forgets a day",
        RECONCILIATION,
        "update {mart} set cumulative_timing_difference = 0 where "
        + one(RECONCILIATION, "cumulative_timing_difference <> 0"),
        "running_totals_are_sums",
    ),
    off(
        "an invoice is missing",
        INVOICES,
        "delete from {mart} where " + one(INVOICES, "is_invoiced and ledger_amount <> 0"),
        "invoices_match_identity_status",
        "ledger_totals_agree",
    ),
    off(
        "an invoice was billed for more",
        INVOICES,
        "update {mart} set invoiced_amount = invoiced_amount + 1, gap = gap + 1,"
        " unexplained_gap = unexplained_gap + 1 where " + one(INVOICES, "is_invoiced"),
        "invoices_match_identity_status",
    ),
]

CONSERVED = [
    off(
        "a delivered row is lost",
        CONSERVATION,
        "update {mart} set raw_rows = raw_rows + 1 where " + one(CONSERVATION, "true"),
        "rows_are_conserved",
    ),
    off(
        "a day of deliveries is missing",
        CONSERVATION,
        f"delete from {{mart}} where event_on = {DAY}",
        "lateness_matches_conservation",
    ),
    off(
        "a reason is missing",
        QUARANTINE,
        "delete from {mart} where " + one(QUARANTINE, "first_reason_rows > 0"),
        "quarantine_matches_conservation",
    ),
    off(
        "money in quarantine is converted at another rate than one",
        QUARANTINE,
        "update {mart} set amount_in_reporting_currency = amount + 0.000001 where "
        + one(QUARANTINE, "currency = 'CNY' and amount is not null"),
        "declared_conditions_hold",
    ),
    off(
        "a number of days is missing",
        LATENESS,
        "delete from {mart} where " + one(LATENESS, "event_table = 'clicks' and days_late = 1"),
        "lateness_matches_conservation",
        "lateness_adds_up",
    ),
    off(
        "a late day is missing",
        LATE,
        "delete from {mart} where " + one(LATE, "event_table = 'requests'"),
        "late_arrivals_match_lateness",
    ),
    off(
        "late money is off by a micro-unit",
        LATE,
        "update {mart} set late_amount = late_amount + 0.000001 where "
        + one(LATE, "event_table = 'charges'"),
        "late_arrivals_match_lateness",
    ),
    off(
        "a feed changed its format",
        CONSERVATION,
        "update {mart} set quarantined_rows = quarantined_rows + accepted_rows, accepted_rows = 0"
        " where event_table = 'clicks'",
        "rejects_are_few",
    ),
]

PREDICTED = [
    off(
        "a tier's predictions are left out",
        CALIBRATION,
        "delete from {mart} where " + one(CALIBRATION, "dimension = 'tier'"),
        "values_of_each_prediction_dimension_sum_to_all",
    ),
    off(
        "a click is observed in a calibration and in none of its buckets",
        CALIBRATION,
        "update {mart} set observed = observed + 1 where "
        + one(CALIBRATION, "dimension = 'position'"),
        "buckets_sum_to_their_calibration",
        "declared_totals_agree",
    ),
    off(
        "a calibration without a click is infinite",
        CALIBRATION,
        "update {mart} set pred_over_obs = 'inf' where " + one(CALIBRATION, "observed = 0"),
        "ratios_are_finite",
    ),
    off(
        "a bucket is missing",
        BUCKETS,
        "delete from {mart} where " + one(BUCKETS, "dimension = '(all)'"),
        "buckets_sum_to_their_calibration",
    ),
    off(
        "a prediction lies outside of its bucket",
        BUCKETS,
        "update {mart} set predicted_rate = predicted_to + 0.001 where " + one(BUCKETS, "true"),
        "declared_conditions_hold",
    ),
    off(
        "an elasticity that is not firm is said to be",
        ELASTICITIES,
        "update {mart} set is_identified = true, reason = null where "
        + one(ELASTICITIES, "n < 20"),
        "declared_conditions_hold",
    ),
]

# The seeds are too short a history to judge a day by, and name no cause.
A_CAUSE = (
    f"insert into {{mart}} by name select {DAY} as requested_on, 'requests' as metric,"
    " 'slice' as method, 1 as cause_rank, 'surface:search' as cause, 1 as dimensions,"
    " 100 as expected, 70 as actual, -0.3 as relative_difference, -30 as contribution,"
    " -30 as rate_part, 0 as mix_part, 9 as score, 200 as whole_expected, 170 as whole_actual,"
    " 'low' as whole_status"
)

EXPLAINED = [
    off(
        "a contribution is off by a micro-unit",
        DRIVERS,
        "update {mart} set contribution = contribution + 0.000001 where "
        + one(DRIVERS, "factor = 'asn' and result = 'revenue'"),
        "declared_totals_agree",
        "drivers_of_slices_sum_to_the_whole",
    ),
    off(
        "the drivers of a surface are left out",
        DRIVERS,
        "delete from {mart} where dimension = 'surface' and dimension_value = 'search'",
        "drivers_of_slices_sum_to_the_whole",
    ),
    off(
        "a driver is told twice",
        DRIVERS,
        "insert into {mart} select * from {mart} where " + one(DRIVERS, "factor = 'pvr'"),
        "grain_is_unique",
    ),
    off(
        "a driver goes by no method that there is",
        DRIVERS,
        "update {mart} set method = 'guess' where " + one(DRIVERS, "true"),
        "declared_conditions_hold",
    ),
    off(
        "the mix of a ratio is left out",
        MOVEMENTS,
        "delete from {mart} where " + one(MOVEMENTS, "effect = 'mix' and movement > 0.01"),
        "declared_totals_agree",
    ),
    off(
        "a movement is infinite",
        MOVEMENTS,
        "update {mart} set revenue_movement = 'inf' where " + one(MOVEMENTS, "metric = 'asn'"),
        "ratios_are_finite",
    ),
    off(
        "a verdict is told twice",
        ANOMALIES,
        "insert into {mart} select * from {mart} where " + one(ANOMALIES, "metric = 'ctr2'"),
        "grain_is_unique",
    ),
    off(
        "a verdict is none that there is",
        ANOMALIES,
        "update {mart} set status = 'odd' where " + one(ANOMALIES, "true"),
        "values_are_declared",
        "declared_conditions_hold",
    ),
    off(
        "a number is an alarm without a probability",
        ANOMALIES,
        "update {mart} set is_alarm = true, status = 'low' where " + one(ANOMALIES, "true"),
        "declared_conditions_hold",
    ),
    off(
        "a probability is above 1",
        ANOMALIES,
        "update {mart} set status = 'in_band', p_value = 1.5, q_value = 1.5 where "
        + one(ANOMALIES, "metric = 'ctr2'"),
        "declared_conditions_hold",
    ),
    off(
        "a number lies infinitely far off",
        ANOMALIES,
        "update {mart} set z = '-inf' where " + one(ANOMALIES, "metric = 'requests'"),
        "ratios_are_finite",
    ),
    off(
        "a cause is told twice",
        CAUSES,
        A_CAUSE + "; " + A_CAUSE,
        "grain_is_unique",
    ),
    off(
        "a cause is found by no method that there is",
        CAUSES,
        f"{A_CAUSE}; update {{mart}} set method = 'guess'",
        "values_are_declared",
        "declared_conditions_hold",
    ),
    off(
        "the parts of a contribution are not it",
        CAUSES,
        f"{A_CAUSE}; update {{mart}} set mix_part = 20",
        "declared_conditions_hold",
    ),
    off(
        "a slice is found without evidence",
        CAUSES,
        f"{A_CAUSE}; update {{mart}} set score = null",
        "declared_conditions_hold",
    ),
    off(
        "a cause explains infinitely much",
        CAUSES,
        f"{A_CAUSE}; update {{mart}} set explanatory_power = 'inf'",
        "ratios_are_finite",
    ),
]

MUTATIONS = [
    *SHAPE,
    *ROWS,
    *RATIOS,
    *IDENTITIES,
    *TOTALS,
    *MONEY,
    *CONSERVED,
    *PREDICTED,
    *EXPLAINED,
]
