"""What an analyst asks of a day before reading it: is it fresh, in season, whole, converted."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tributary.audit.check import Check, Part, table
from tributary.audit.checks.conservation import CONSERVATION, LATENESS, QUARANTINE
from tributary.audit.declarations import AuditError, Declarations
from tributary.audit.rulebook import (
    LagRule,
    ReasonsRule,
    RecentRule,
    Rules,
    SeasonRule,
    ShareRule,
)
from tributary.audit.sql import listed, name, quoted

FAMILY = "business"
REVENUE = "revenue_daily"


def checks(declarations: Declarations, rules: Rules, now: datetime) -> list[Check]:
    """The business checks, at a moment."""
    have = declarations.marts
    zone = ZoneInfo(str(declarations.variables["reporting_time_zone"]))
    today = f"date '{now.astimezone(zone).date()}'"
    made: list[Check] = []
    if REVENUE in have:
        made.append(_season(rules.volumes_are_in_season, today, declarations))
        made.append(_recent(rules.newest_day_is_recent, now.astimezone(zone)))
    if CONSERVATION in have:
        made.append(_lag(rules.no_event_table_lags_behind))
        attention, few = rules.rejects_call_for_attention, rules.rejects_are_few
        for rule, declared in (("rejects_call_for_attention", attention), ("rejects_are_few", few)):
            made.append(_rejects(rule, declared, declarations))
    if LATENESS in have:
        made.append(_late_share(rules.late_rows_are_few, declarations))
    if QUARANTINE in have:
        made.append(_rates(rules.rates_are_present))
    return made


def _number(value: Any, declarations: Declarations) -> int:
    if isinstance(value, int):
        return value
    found = declarations.variables.get(value)
    if not isinstance(found, int):
        raise AuditError(
            f"audit.yml takes a threshold from the variable {value!r}, which dbt_project.yml does "
            "not declare as a whole number. Write the number, or declare it."
        )
    return found


def _season(rule: SeasonRule, today: str, declarations: Declarations) -> Check:
    unknown = [v for v in rule.volumes if v not in declarations.marts[REVENUE].names]
    if unknown:
        raise AuditError(
            f"audit.yml: volumes_are_in_season: {REVENUE} has no column {unknown[0]!r}."
        )
    structs = ", ".join(
        f"{{'volume': {quoted(volume)}, 'value': cast({name(volume)} as double)}}"
        for volume in rule.volumes
    )
    # A surface of which a day has no row has a volume of 0 there, from its first day on. Sizes are
    # logarithms of 1 + volume, so that a fall to nothing is far, and not infinitely far.
    steps = f"""with shown as (
    select surface, requested_on as day, made.volume, made.value
    from (
        select surface, requested_on, unnest([{structs}]) as made
        from {table(REVENUE)} where requested_on <> {today}
    )
), spine as (
    select surface, volume,
        cast(unnest(generate_series(first_day, last_day, interval 1 day)) as date) as day
    from (
        select surface, volume, min(day) as first_day,
            (select max(day) from shown) as last_day
        from shown group by surface, volume
    )
), sized as (
    select spine.*, coalesce(value, 0) as value, ln(1 + greatest(coalesce(value, 0), 0)) as size
    from spine left join shown using (surface, volume, day)
), seasons as (
    select days.surface, days.volume, days.day, any_value(days.value) as value,
        any_value(days.size) - median(others.size) as change,
        count(others.day) as weeks, median(others.value) as usual
    from sized as days left join sized as others
        on days.surface = others.surface and days.volume = others.volume
        and others.day < days.day and others.day >= days.day - {7 * rule.weeks}
        and (days.day - others.day) % 7 = 0
    group by days.surface, days.volume, days.day
), measured as (
    select *, day > (select max(day) from shown) - {rule.judged_days} as is_judged
    from seasons where weeks >= {rule.least_weeks}
), spread as (
    select surface, volume, median(change) as centre, mad(change) as deviation, count(*) as days
    from measured where not is_judged group by surface, volume having count(*) >= {rule.least_days}
), judged as (
    select measured.*, centre, greatest(
        {rule.spreads} * 1.4826 * deviation, ln(1 + {rule.least_change})
    ) as band
    from measured inner join spread using (surface, volume) where is_judged
)"""
    sql = f"""{steps}
select '{REVENUE}' as mart,
    'requested_on ' || day || ', surface ' || surface || ', ' || volume as row_key,
    'is ' || round(value, 2) || ', usual for the weekday is ' || round(usual, 2)
        || ', in band from ' || round(greatest((1 + usual) * exp(centre - band) - 1, 0), 2)
        || ' to ' || round((1 + usual) * exp(centre + band) - 1, 2) as finding
from judged where abs(change - centre) > band"""
    needed = 7 * rule.least_weeks + rule.least_days + rule.judged_days
    note = f"""{steps}
select case when (select count(*) from judged) = 0
    then 'Too little history to judge a day by: ' || (select count(distinct day) from shown)
        || {quoted(f" days, and {needed} are needed.")}
    else (select count(*) from judged) || ' volumes of '
        || (select count(distinct day) from judged) || ' days were judged, of '
        || (select count(distinct (surface, volume)) from judged) || ' series out of '
        || (select count(distinct (surface, volume)) from shown) || '.'
    end, (select count(*) from judged) > 0"""
    return Check(
        "volumes_are_in_season",
        FAMILY,
        f"has the {', '.join(rule.volumes)} of its newest days within their seasonal band",
        (Part(REVENUE, sql, (REVENUE,)),),
        note=note,
    )


def _recent(rule: RecentRule, now: datetime) -> Check:
    today = now.date()
    yesterday = f"date '{today - timedelta(days=1)}'"
    newest = (
        f"(select max(requested_on) filter (where requested_on <= {yesterday}) as newest,"
        f" max(requested_on) as last_day from {table(REVENUE)})"
    )
    sql = f"""select '{REVENUE}' as mart, 'newest complete day ' || newest as row_key,
    'is ' || ({yesterday} - newest) || ' days older than yesterday, {today - timedelta(days=1)}'
        as finding
from {newest}
where {yesterday} - newest between {rule.within_days + 1} and {rule.historical_beyond_days}
    and last_day <= date '{today}'"""
    note = f"""select case
    when last_day > date '{today}'
        then 'The newest day, ' || last_day || ', lies after today, {today}: its age says nothing.'
    when {yesterday} - newest > {rule.historical_beyond_days}
        then 'The newest day is ' || newest || ': a history that nobody adds to, not judged.'
    else 'The newest complete day is ' || newest || '.' end,
    last_day <= date '{today}' and {yesterday} - newest <= {rule.historical_beyond_days}
from {newest}"""
    return Check(
        "newest_day_is_recent",
        FAMILY,
        f"has a complete day at most {rule.within_days} days older than yesterday",
        (Part(REVENUE, sql, (REVENUE,)),),
        note=note,
    )


def _lag(rule: LagRule) -> Check:
    sql = f"""with newest as (
    select event_table, max(event_on) as day from {table(CONSERVATION)}
    where accepted_rows > 0 group by event_table
)
select '{CONSERVATION}' as mart, 'event_table ' || event_table as row_key,
    'ends on ' || day || ', and most tables reach '
        || (select quantile_disc(day, 0.5) from newest) as finding
from newest
where (select quantile_disc(day, 0.5) from newest) - day > {rule.within_days}"""
    return Check(
        "no_event_table_lags_behind",
        FAMILY,
        f"has no event table that ends more than {rule.within_days} days before most",
        (Part(CONSERVATION, sql, (CONSERVATION,)),),
    )


def _share(mart: str, part: str, whole: str, declared: ShareRule, given: Declarations) -> Part:
    above = _number(declared.above_ppm, given)
    least = _number(declared.least_rows, given)
    share = f"1000000 * sum({part}) / sum({whole})"
    sql = f"""select '{mart}' as mart, 'event_table ' || event_table as row_key,
    'has ' || sum({part}) || ' of ' || sum({whole}) || ' rows: ' || cast(floor({share}) as bigint)
        || ' per million, more than {above}' as finding
from {table(mart)} group by event_table
having sum({whole}) >= {least} and {share} > {above}"""
    return Part(mart, sql, (mart,))


def _rejects(rule: str, declared: ShareRule, given: Declarations) -> Check:
    above = _number(declared.above_ppm, given)
    return Check(
        rule,
        FAMILY,
        f"has at most {above:,} rows in a million of each event table in quarantine",
        (_share(CONSERVATION, "quarantined_rows", "raw_rows", declared, given),),
    )


def _late_share(declared: ShareRule, given: Declarations) -> Check:
    above = _number(declared.above_ppm, given)
    late = "case when is_within_lookback then 0 else accepted_rows end"
    return Check(
        "late_rows_are_few",
        FAMILY,
        f"has at most {above:,} rows in a million of each event table later than the lookback",
        (_share(LATENESS, late, "accepted_rows", declared, given),),
    )


def _rates(declared: ReasonsRule) -> Check:
    reasons = ", ".join(quoted(reason) for reason in declared.reasons)
    key = listed(["event_on", "event_table", "reason", "currency"])
    sql = (
        f"select '{QUARANTINE}' as mart, {key} as row_key,"
        " quarantined_rows - superseded_rows || ' row(s) hold back '"
        " || coalesce(cast(amount as varchar), 'an unknown amount') as finding"
        f" from {table(QUARANTINE)}"
        f" where reason in ({reasons}) and quarantined_rows > superseded_rows"
    )
    return Check(
        "rates_are_present",
        FAMILY,
        "holds no money back for want of an exchange rate",
        (Part(QUARANTINE, sql, (QUARANTINE,)),),
    )
