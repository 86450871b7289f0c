"""The readable end of a run: what came in, what was held back, what the mart says."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from tributary.audit import AuditResult, RuleOutcome
from tributary.build import BuildResult, NodeOutcome
from tributary.settings import Settings
from tributary.words import warned_in_words

_REASONS_SHOWN = 12
_EVENT_TABLES = 5
_ROWS_OF_A_TEST, _COLUMNS_OF_A_TEST = 3, 8

_ROWS = """
    select
        event_table,
        sum(raw_rows) as raw_rows,
        sum(accepted_rows) as accepted_rows,
        sum(duplicate_rows) as duplicate_rows,
        sum(quarantined_rows) as quarantined_rows
    from marts.conservation_daily
    group by event_table
    order by
        case event_table
            when 'requests' then 1 when 'impressions' then 2 when 'clicks' then 3
            when 'actions' then 4 else 5
        end
"""

_REASONS = """
    select
        reason,
        sum(first_reason_rows) as rows_held,
        string_agg(distinct event_table, ', ' order by event_table) as event_tables,
        sum(amount_at_stake) as money_held
    from marts.quarantine_summary
    where first_reason_rows > 0
    group by reason
    order by abs(coalesce(money_held, 0)) desc, rows_held desc, reason
"""

_WITHOUT_RATE = """
    select
        coalesce(currency, 'of no currency') as currency,
        sum(amount_micros) as amount_micros
    from facts.fct_quarantine_reasons
    where
        is_first_reason
        and not is_superseded
        and amount_in_reporting_micros is null
        and amount_micros is not null
    group by 1
    having sum(amount_micros) <> 0
    order by 1
"""

_SURFACES = """
    with surfaces as (

        select
            surface,
            sum(requests) as requests,
            sum(ad_requests) as ad_requests,
            sum(ad_impressions) as ad_impressions,
            sum(ad_clicks) as ad_clicks,
            sum(revenue) as revenue
        from marts.revenue_daily
        group by surface

    ),

    statuses as (

        select
            case when dimension = '(all)' then '(all)' else dimension_value end as surface,
            count(*) filter (where status = 'holds') as holding,
            count(*) filter (where status = 'undefined') as undefined,
            count(*) filter (where status = 'violated') as violated
        from marts.identity_status
        where entry = 'definition' and period_grain = 'day' and dimension in ('(all)', 'surface')
        group by 1

    )

    select
        surfaces.surface,
        requests,
        ad_requests / nullif(requests, 0) as pvr,
        ad_impressions / nullif(ad_requests, 0) as asn,
        ad_clicks / nullif(ad_impressions, 0) as ctr2,
        cast(revenue as double) / nullif(ad_clicks, 0) as acp,
        revenue,
        holding,
        undefined,
        violated
    from surfaces
    left join statuses on surfaces.surface = statuses.surface
    order by surfaces.surface = '(all)', revenue desc
"""

_GAPS = """
    select
        factor,
        sum(only_in_first) filter (where dimension = '(all)') as only_in_first,
        sum(only_in_second) filter (where dimension = '(all)') as only_in_second,
        count(*) filter (where gap_level in ('warn', 'fail')) as slices
    from marts.identity_status
    where entry = 'double_entry' and identity = 'five_factor' and factor <> 'all'
    group by factor
    order by factor
"""

_INVOICES = """
    select
        currency,
        sum(ledger_amount) as ledger_amount,
        sum(invoiced_amount) as invoiced_amount,
        sum(quarantined_amount) as quarantined_amount,
        sum(unexplained_gap) as unexplained_gap
    from marts.invoice_reconciliation_monthly
    group by currency
    having bool_or(is_invoiced)
    order by currency
"""

_TOTALS = """
    select
        (select sum(ledger_basis_revenue) from marts.reconciliation_daily) as ledger,
        (select sum(revenue) from marts.revenue_daily where surface = '(all)') as mart,
        (select min(requested_on) from marts.revenue_daily) as first_day,
        (select max(requested_on) from marts.revenue_daily) as last_day,
        (select sum(late_rows) from marts.late_arrivals where not is_waiting) as late_rows
"""

_WAITING = """
    select event_table, event_on, late_rows, command
    from marts.late_arrivals
    where is_waiting
    order by event_on, event_table
"""


def print_problems(console: Console, settings: Settings, result: BuildResult) -> None:
    """Name each failed node, what it said, and of a test the first rows that it found."""
    if result.error:
        console.print(
            f"[bold red]Nothing was built.[/] {_plain(result.error)}",
            highlight=False,
            soft_wrap=True,
        )
    said: set[str] = set()
    for problem in result.problems:
        found = problem.status == "fail"
        what = problem.found if found else problem.message
        about = f" ({problem.subject})" if problem.subject else ""
        again = "the same" if what in said and not found else what
        console.print(
            f"[bold red]{problem.status}[/] {problem.kind} [bold]{_plain(problem.name)}[/]{about}: "
            f"{_plain(again)}",
            highlight=False,
            soft_wrap=True,
        )
        said.add(what)
        for row in first_rows(settings.build_database, problem) if found else []:
            console.print(f"    {_plain(row)}", highlight=False, soft_wrap=True)


def first_rows(database: Path, problem: NodeOutcome) -> list[str]:
    """Some of the rows that a test found, each as text; none where they cannot be read again."""
    try:
        with duckdb.connect(str(database), read_only=True) as connection:
            found = connection.execute(f"select * from ({problem.query}) limit {_ROWS_OF_A_TEST}")
            names = [column[0] for column in found.description or []]
            rows = found.fetchall()
    except duckdb.Error:
        return []
    shown = [
        [f"{name} = {value}" for name, value in zip(names, row, strict=True) if value is not None]
        for row in rows
    ]
    return [", ".join(values[:_COLUMNS_OF_A_TEST]) for values in shown]


def print_summary(
    console: Console, settings: Settings, result: BuildResult, audit: AuditResult | None
) -> None:
    """Show the built marts in a few tables.

    Args:
        console: where to print.
        settings: the run's own, for the database of the build and the currency in the headings.
        result: how the build ended, for its warnings and counts.
        audit: what the audit found; None: it was not held.
    """
    database, currency = settings.build_database, settings.reporting_currency
    with duckdb.connect(str(database), read_only=True) as connection:
        _print_rows(console, connection)
        _print_reasons(console, connection, currency)
        _print_surfaces(console, connection, currency)
        _print_gaps(console, connection)
        _print_invoices(console, connection)
        totals = connection.execute(_TOTALS).fetchone()
        waiting = connection.execute(_WAITING).fetchall()
    if totals is not None:
        _print_totals(console, totals, currency)
    for table, day, rows, command in waiting:
        console.print(
            f"[yellow]Waiting:[/] {rows:,} rows of {table} on {day} came after the lookback had "
            f"passed. To take them in: {command}{settings.options}",
            highlight=False,
            soft_wrap=True,
        )
    print_counts(console, result, audit=audit)


def print_counts(
    console: Console, result: BuildResult, where: str = "", audit: AuditResult | None = None
) -> None:
    """What was built and checked, what warned, and where the marts are."""
    warned = [
        f"{warning.name.replace('_', ' ')}: {warning.found}."
        for warning in sorted(result.warnings, key=lambda warning: warning.name)
    ]
    warned += [
        f"{one.rule.replace('_', ' ')} ({one.mart}): {_first(one)}."
        for one in (audit.warnings if audit else ())
    ]
    for one in warned:
        console.print(f"[yellow]Not so:[/] {_plain(one)}", highlight=False)
    passed = result.counts.get("pass", 0)
    built = result.counts.get("success", 0)
    tests = f"{passed} tests passed" if passed else "nothing new to test"
    console.print(
        f"[bold green]{built} models built, {tests}[/], "
        f"{warned_in_words(len(result.warnings), audit.tally.warned if audit else 0)}. "
        f"{where}".rstrip(),
        highlight=False,
        soft_wrap=True,
    )


def _first(outcome: RuleOutcome) -> str:
    """Of a rule that warned: how many rows, and the first of them."""
    if not outcome.examples:
        return outcome.message.rstrip(".")
    more = f", and {outcome.found - 1:,} more" if outcome.found > 1 else ""
    return f"{outcome.examples[0]}{more}"


def _print_totals(console: Console, totals: tuple[Any, ...], currency: str) -> None:
    ledger, mart, first_day, last_day, late_rows = totals
    verdict = "[green]equal[/]" if (ledger or 0) == (mart or 0) else "[bold red]NOT EQUAL[/]"
    console.print(
        f"{first_day} to {last_day}: ledger {ledger or 0:,.6f} {currency}, mart {mart or 0:,.6f} "
        f"{currency}: {verdict} to the micro-unit.",
        highlight=False,
    )
    if late_rows:
        console.print(
            f"{late_rows:,} rows arrived later than the lookback covers and were taken in "
            "(marts.late_arrivals, marts.lateness).",
            highlight=False,
        )


def _print_rows(console: Console, connection: duckdb.DuckDBPyConnection) -> None:
    table = _table("Rows in", ["table"], ["raw", "accepted", "duplicate", "quarantined"])
    for name, *counts in connection.execute(_ROWS).fetchall():
        table.add_row(name, *(f"{count:,}" for count in counts))
    console.print(table)


def _print_reasons(console: Console, connection: duckdb.DuckDBPyConnection, currency: str) -> None:
    table = _table(
        "Quarantined, by first reason", ["reason"], ["rows", f"{currency} at stake"], ["in"]
    )
    reasons = connection.execute(_REASONS).fetchall()
    for reason, rows, tables, amount in reasons[:_REASONS_SHOWN]:
        where = "every table" if tables.count(",") == _EVENT_TABLES - 1 else tables
        table.add_row(reason, f"{rows:,}", "" if amount is None else f"{amount:,.2f}", where)
    rest = reasons[_REASONS_SHOWN:]
    if rest:
        rows = sum(row[1] for row in rest)
        amount = sum(row[3] or 0 for row in rest)
        table.add_row(f"{len(rest)} more", f"{rows:,}", f"{amount:,.2f}", "quarantine_summary")
    if reasons:
        console.print(table)
    amounts = [
        f"{Decimal(micros).scaleb(-6):,.6f} {currency}"
        for currency, micros in connection.execute(_WITHOUT_RATE).fetchall()
    ]
    if amounts:
        console.print(
            f"Held back beside that, with no rate or day to convert at: {', '.join(amounts)}.",
            highlight=False,
        )


def _print_surfaces(console: Console, connection: duckdb.DuckDBPyConnection, currency: str) -> None:
    table = _table(
        "Revenue = PV · PVR · ASN · CTR2 · ACP",
        ["surface"],
        ["PV", "PVR", "ASN", "CTR2", "ACP", currency, "hold", "undef.", "viol."],
    )
    for surface, requests, *ratios, revenue, holding, undefined, violated in connection.execute(
        _SURFACES
    ).fetchall():
        table.add_row(
            surface,
            f"{requests:,}",
            *(_number(value) for value in ratios),
            f"{revenue:,.2f}",
            *(f"{count or 0:,}" for count in (holding, undefined, violated)),
        )
    console.print(table)


def _print_gaps(console: Console, connection: duckdb.DuckDBPyConnection) -> None:
    table = _table(
        "Double entry: units that one of two systems lacks",
        ["factor"],
        ["only in 1st log", "only in 2nd log", "slices beyond threshold"],
    )
    for factor, only_in_first, only_in_second, slices in connection.execute(_GAPS).fetchall():
        table.add_row(factor, f"{only_in_first:,.0f}", f"{only_in_second:,.0f}", f"{slices:,}")
    console.print(table)


def _print_invoices(console: Console, connection: duckdb.DuckDBPyConnection) -> None:
    invoices = connection.execute(_INVOICES).fetchall()
    table = _table(
        "Invoices against the ledger",
        ["currency"],
        ["ledger", "invoiced", "quarantine holds", "unexplained"],
    )
    for currency, *amounts in invoices:
        table.add_row(currency, *(f"{amount:,.6f}" for amount in amounts))
    if invoices:
        console.print(table)


def _table(
    title: str, texts: list[str], numbers: list[str], notes: list[str] | None = None
) -> Table:
    table = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        header_style="dim",
        box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    for text in texts:
        table.add_column(text, no_wrap=True)
    for number in numbers:
        table.add_column(number, justify="right", no_wrap=True)
    for note in notes or []:
        table.add_column(note, overflow="fold")
    return table


def _number(value: float | None) -> str:
    return "undef." if value is None else f"{value:.4f}"


def _plain(text: str) -> str:
    return text.replace("[", r"\[")
