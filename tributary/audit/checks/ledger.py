"""The ledger: one amount of money wherever it is shown, to the micro-unit."""

from collections.abc import Iterator

from tributary.audit.check import WHOLE, Check, Part, table
from tributary.audit.declarations import Declarations
from tributary.audit.sql import as_text, differ, listed, quoted, rows_that_break

FAMILY = "ledger"
RECONCILIATION = "reconciliation_daily"
INVOICES = "invoice_reconciliation_monthly"


def checks(declarations: Declarations) -> list[Check]:
    """The checks of money across marts."""
    marts = declarations.marts
    return [
        Check(
            "ledger_totals_agree",
            FAMILY,
            "has, over all time, one ledger total of each currency on every basis",
            tuple(_totals(declarations)),
        ),
        Check(
            "revenue_is_one_number",
            FAMILY,
            "has one revenue of each day, and one over all time, in every mart",
            tuple(_revenue(declarations)),
        ),
        Check(
            "running_totals_are_sums",
            FAMILY,
            "shows the running total of its timing differences",
            tuple(_running()) if RECONCILIATION in marts else (),
        ),
        Check(
            "invoices_match_identity_status",
            FAMILY,
            "has one pair of entries in identity_status for each invoice of a month that is billed",
            tuple(_invoices(declarations)),
        ),
    ]


def _one_amount(mart: str, key: str, places: list[str], total: bool) -> str:
    """Rows of one key on which places (queries of key, place, amount) have different sums."""
    union = "\nunion all\n".join(places)
    names = [place.split("'")[1] for place in places]
    listed_places = ", ".join(f"({quoted(place)})" for place in names)
    shown_key = f"{quoted(f'{key} ')} || {as_text('keys.key')}" if not total else "'over all time'"
    return f"""with amounts as ({union}),
totals as (
    select {shown_key} as row_key, places.place,
        coalesce(sum(amounts.amount), cast(0 as decimal(38, 6))) as amount
    from (select distinct key from amounts) as keys
    cross join (values {listed_places}) as places(place)
    left join amounts
        on amounts.key is not distinct from keys.key and amounts.place = places.place
    group by all
)
select {quoted(mart)} as mart, row_key,
    string_agg(place || ' ' || {as_text("amount")}, ', ' order by place) as finding
from totals group by row_key having (min(amount) = max(amount)) is not true"""


def _totals(declarations: Declarations) -> Iterator[Part]:
    if not {RECONCILIATION, INVOICES} <= set(declarations.marts):
        return
    places = [
        f"select currency as key, '{place}' as place, {column} as amount from {table(mart)}"
        for place, mart, column in (
            ("request basis", RECONCILIATION, "request_basis_amount"),
            ("ledger basis", RECONCILIATION, "ledger_basis_amount"),
            ("invoiced months", INVOICES, "ledger_amount"),
        )
    ]
    sql = _one_amount(RECONCILIATION, "currency", places, total=False)
    yield Part(RECONCILIATION, sql, (RECONCILIATION, INVOICES))


def _revenue(declarations: Declarations) -> Iterator[Part]:
    by_day = [
        ("revenue_daily", "revenue_daily", "requested_on", "revenue", f"surface = '{WHOLE}'"),
        ("its surfaces", "revenue_daily", "requested_on", "revenue", f"surface <> '{WHOLE}'"),
        ("advertiser_daily", "advertiser_daily", "requested_on", "revenue", "true"),
        (RECONCILIATION, RECONCILIATION, "reported_on", "request_basis_revenue", "true"),
    ]
    over_all_time = [
        *by_day,
        ("ledger basis", RECONCILIATION, "reported_on", "ledger_basis_revenue", "true"),
        ("lateness", "lateness", "'charges'", "amount", "event_table = 'charges'"),
    ]
    for listed_places, total in ((by_day, False), (over_all_time, True)):
        known = [place for place in listed_places if place[1] in declarations.marts]
        if len(known) < 2:
            continue
        places = [
            f"select {'0' if total else key} as key, '{place}' as place, {column} as amount"
            f" from {table(mart)} where {where}"
            for place, mart, key, column, where in known
        ]
        reads = tuple(dict.fromkeys(place[1] for place in known))
        yield Part(known[0][1], _one_amount(known[0][1], "day", places, total), reads)


def _running() -> Iterator[Part]:
    running = (
        f"(select *, cast(sum(request_basis_amount - ledger_basis_amount) over ("
        f"partition by currency order by reported_on nulls last) as decimal(38, 6)) as running"
        f" from {table(RECONCILIATION)})"
    )
    conditions = [
        differ("cumulative_timing_difference", "running", "cumulative_timing_difference"),
        differ(
            "timing_difference",
            "cast(request_basis_amount - ledger_basis_amount as decimal(38, 6))",
            "timing_difference",
        ),
    ]
    key = listed(["reported_on", "currency"])
    sql = rows_that_break(RECONCILIATION, key, conditions, running)
    yield Part(RECONCILIATION, sql, (RECONCILIATION,))


def _invoices(declarations: Declarations) -> Iterator[Part]:
    if not {INVOICES, "identity_status"} <= set(declarations.marts):
        return
    yield Part(
        INVOICES,
        f"""select '{INVOICES}' as mart,
    'month ' || coalesce(invoices.invoice_month, entries.period_starts_on) || ', '
        || coalesce(invoices.slice, entries.dimension_value) as row_key,
    case
        when invoices.slice is null then 'stands in identity_status only'
        when entries.dimension_value is null then 'stands in no row of identity_status'
        else 'ledger ' || {as_text("ledger_amount")} || ' and invoice '
            || {as_text("invoiced_amount")} || ', in identity_status ' || {as_text("first_entry")}
            || ' and ' || {as_text("second_entry")}
    end as finding
from (
    select *, advertiser_id || ', ' || currency as slice
    from {table(INVOICES)}
    qualify bool_or(is_invoiced) over (partition by invoice_month)
) as invoices
full outer join (
    select * from {table("identity_status")} where factor = 'revenue' and period_grain = 'month'
) as entries
    on invoices.invoice_month = entries.period_starts_on
    and invoices.slice = entries.dimension_value
where (
    invoices.ledger_amount = entries.first_entry
    and invoices.invoiced_amount = entries.second_entry
) is not true""",
        (INVOICES, "identity_status"),
    )
