"""Conservation of rows: what was delivered is accepted, delivered again or in quarantine."""

from collections.abc import Iterator

from tributary.audit.check import Check, Part, table
from tributary.audit.checks.rows import part_of
from tributary.audit.checks.totals import sums_that_differ
from tributary.audit.declarations import Declarations
from tributary.audit.sql import as_text, differ, listed, quoted, rows_that_break

FAMILY = "conservation"
CONSERVATION = "conservation_daily"
QUARANTINE = "quarantine_summary"
LATENESS = "lateness"
LATE = "late_arrivals"


def checks(declarations: Declarations) -> list[Check]:
    """The checks of rows across marts."""
    have = set(declarations.marts)
    made: list[Check] = []
    if CONSERVATION in have:
        made.append(_conserved(declarations))
    if {CONSERVATION, QUARANTINE} <= have:
        made.append(_quarantine())
    if {CONSERVATION, LATENESS} <= have:
        made.append(_lateness())
    if LATENESS in have:
        made.append(_histogram())
    if {LATENESS, LATE} <= have:
        made.append(
            Check(
                "late_arrivals_match_lateness",
                FAMILY,
                "shows the rows, days and money that lateness has beyond the lookback",
                tuple(_late()),
            )
        )
    return made


def _conserved(declarations: Declarations) -> Check:
    outcomes = ["raw_rows", "accepted_rows", "duplicate_rows", "quarantined_rows"]
    return Check(
        "rows_are_conserved",
        FAMILY,
        "has every delivered row accepted, delivered again or in quarantine",
        (
            part_of(
                declarations.marts[CONSERVATION],
                [
                    (
                        "raw_rows = accepted_rows + duplicate_rows + quarantined_rows",
                        listed(outcomes),
                    )
                ],
            ),
        ),
    )


def _quarantine() -> Check:
    sql = sums_that_differ(
        QUARANTINE,
        ["event_on", "event_table"],
        f"(select event_on, event_table, first_reason_rows as quarantined_rows"
        f" from {table(QUARANTINE)})",
        f"(select event_on, event_table, quarantined_rows from {table(CONSERVATION)})",
        ["quarantined_rows"],
        ("by first reason", f"in {CONSERVATION}"),
    )
    return Check(
        "quarantine_matches_conservation",
        FAMILY,
        "has, by first reason, every row that was quarantined, once",
        (Part(QUARANTINE, sql, (QUARANTINE, CONSERVATION)),),
    )


def _lateness() -> Check:
    sql = sums_that_differ(
        LATENESS,
        ["event_table"],
        f"(select event_table, accepted_rows from {table(LATENESS)})",
        f"(select event_table, accepted_rows from {table(CONSERVATION)})",
        ["accepted_rows"],
        ("by days late", f"in {CONSERVATION}"),
    )
    return Check(
        "lateness_matches_conservation",
        FAMILY,
        "has every accepted row of each event table",
        (Part(LATENESS, sql, (LATENESS, CONSERVATION)),),
    )


def _histogram() -> Check:
    relation = (
        "(select *, sum(accepted_rows) over (partition by event_table) as every_row,"
        " coalesce(sum(accepted_rows) over (partition by event_table order by days_late nulls last"
        " rows between 1 following and unbounded following), 0) as rows_after"
        f" from {table(LATENESS)})"
    )

    def share(column: str, rows: str) -> tuple[str, str]:
        made = f"cast({rows} as double) / cast(every_row as double)"
        return (
            f"abs({column} - {made}) <= 1e-12",
            f"'{column} is ' || {as_text(column)} || ' and not ' || {as_text(made)}",
        )

    conditions = [
        differ("later_rows", "rows_after", "later_rows"),
        share("share_of_rows", "accepted_rows"),
        share("share_later", "rows_after"),
    ]
    key = listed(["event_table", "days_late"])
    sql = rows_that_break(LATENESS, key, conditions, relation)
    return Check(
        "lateness_adds_up",
        FAMILY,
        "shows the shares and the later rows that its own histogram gives",
        (Part(LATENESS, sql, (LATENESS,)),),
    )


def _late() -> Iterator[Part]:
    relation = f"""(
    select coalesce(late.event_table, beyond.event_table) as event_table,
        coalesce(taken_in, 0) as taken_in, coalesce(in_all, 0) as in_all,
        coalesce(accepted, 0) as accepted, late.amount, beyond.amount as accepted_amount,
        most_days, beyond_days, coalesce(waits, false) as waits
    from (
        select event_table,
            sum(late_rows) filter (where not is_waiting) as taken_in,
            sum(late_rows) as in_all, sum(late_amount) as amount,
            max(most_days_late) as most_days, bool_or(is_waiting) as waits
        from {table(LATE)} group by event_table
    ) as late
    full outer join (
        select event_table, sum(accepted_rows) as accepted, sum(amount) as amount,
            max(days_late) as beyond_days
        from {table(LATENESS)} where not is_within_lookback group by event_table
    ) as beyond on late.event_table = beyond.event_table
)"""
    conditions = [
        (
            # What waits is in no other mart, so that it can only be on top.
            "case when waits then accepted between taken_in and in_all else accepted = in_all end",
            f"'late_rows are ' || {as_text('in_all')} || {quoted(' and accepted beyond the ')}"
            f" || 'lookback were ' || {as_text('accepted')}",
        ),
        differ("amount", "accepted_amount", "late_amount"),
        (
            "waits or most_days is not distinct from beyond_days",
            f"'most_days_late is ' || {as_text('most_days')} || ' and not ' ||"
            f" {as_text('beyond_days')}",
        ),
    ]
    sql = rows_that_break(LATE, listed(["event_table"]), conditions, relation)
    yield Part(LATE, sql, (LATE, LATENESS))
