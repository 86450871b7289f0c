"""Identities: recomputed from the columns that the marts show, and held against identity_status."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tributary.audit.check import WHOLE, Check, Part, table
from tributary.audit.checks.ratios import components, formula
from tributary.audit.checks.rows import key_of, part_of
from tributary.audit.declarations import Declarations, Mart
from tributary.audit.sql import (
    as_text,
    differ,
    listed,
    name,
    quoted,
    rows_that_break,
    series_of_values,
    values_that_break,
)

FAMILY = "identities"
STATUS = "identity_status"
SLICE = ("period_grain", "period_starts_on", "dimension", "dimension_value")
ENTRIES = ("first_entry", "second_entry", "only_in_first", "only_in_second")


@dataclass(frozen=True)
class Source:
    """Where identity_status has slices from, and what they are called there."""

    mart: str
    subject: str
    columns: tuple[str, str, str, str]
    where: str = "true"

    @property
    def slice_columns(self) -> str:
        """The columns of a slice."""
        return ", ".join(
            f"{made} as {name(c)}" for made, c in zip(self.columns, SLICE, strict=True)
        )


SOURCES = (
    Source(
        "revenue_daily",
        "funnel",
        ("'day'", "requested_on", f"'{WHOLE}'", f"'{WHOLE}'"),
        f"surface = '{WHOLE}'",
    ),
    Source(
        "revenue_daily_by_segment",
        "funnel",
        ("'day'", "requested_on", "dimension", "dimension_value"),
    ),
    Source(
        "finance_quarterly", "finance", ("'quarter'", "quarter_starts_on", "'currency'", "currency")
    ),
)


def checks(declarations: Declarations) -> list[Check]:
    """The checks of identities."""
    made = [
        Check(
            "identities_hold",
            FAMILY,
            "has, in each row, the product of every identity's factors equal to its result",
            tuple(_products(declarations)),
        )
    ]
    sources = [source for source in SOURCES if source.mart in declarations.marts]
    if STATUS not in declarations.marts or not sources:
        return made
    status = declarations.marts[STATUS]
    return [
        *made,
        Check(
            "no_identity_is_violated",
            FAMILY,
            "shows no identity as violated by definition",
            (
                part_of(
                    status,
                    [("status in ('holds', 'undefined')", listed(["status", "residual"]))],
                    "entry = 'definition'",
                ),
            ),
        ),
        Check(
            "identity_status_matches_the_marts",
            FAMILY,
            "shows the results, products, statuses and entries that the other marts give",
            (
                _definitions_match(declarations, sources),
                *_double_entries_match(declarations, sources),
                _entries_are_one(declarations),
            ),
        ),
        Check(
            "identity_status_is_complete",
            FAMILY,
            "judges every identity, and every double entry of it, in every slice of the marts",
            (
                _definitions_are_complete(declarations, sources),
                _double_entries_are_complete(declarations, sources),
            ),
        ),
        Check(
            "identity_status_follows_from_its_entries",
            FAMILY,
            "shows the residual, status, share, money and level that its own entries give",
            (part_of(status, list(_consequences(declarations))),),
        ),
        Check(
            "no_double_entry_fails",
            FAMILY,
            "shows no gap between two systems as large as its declared level of failure",
            (_failing_gaps(declarations),),
        ),
        Check(
            "both_systems_are_recorded",
            FAMILY,
            "has a unit in both logs, or in neither, of each quantity that two systems record",
            (_lone_entries(),),
        ),
    ]


def evaluable(
    declarations: Declarations, mart: Mart, identity: Mapping[str, Any]
) -> tuple[str, str] | None:
    """Result and product of an identity over a mart's columns; None where it lacks one."""
    result = _quantity(declarations, mart, identity["result"])
    above: list[str] = []
    below: list[str] = []
    for declared in identity["factors"]:
        given = declared if isinstance(declared, Mapping) else {"metric": declared}
        scale = given.get("constant", given.get("scale", 1))
        if scale != 1:
            above.append(f"cast({scale} as double)")
        if given.get("metric") is None:
            continue
        factor = _quantity(declarations, mart, given["metric"])
        if factor is None:
            return None
        (below if given.get("divide") else above).append(factor)
    if result is None:
        return None
    product = " * ".join(above or ["1.0"])
    for divisor in below:
        product = f"case when {divisor} <> 0 then ({product}) / {divisor} end"
    return result, product


def _quantity(declarations: Declarations, mart: Mart, quantity: str) -> str | None:
    if quantity in mart.names:
        return f"cast({name(quantity)} as double)"
    metric = declarations.metrics.get(quantity)
    if metric and metric.get("served", True) is False and mart.has(components(metric)):
        return f"({formula(metric)})"
    return None


def _closes(product: str, result: str, tolerance: str) -> str:
    return f"abs({product} - {result}) <= {tolerance} * greatest(1, abs({result}))"


def _products(declarations: Declarations) -> Iterator[Part]:
    for mart in declarations.marts.values():
        values = {}
        for identity, declared in declarations.identities.items():
            made = evaluable(declarations, mart, declared)
            if made is not None:
                called = f"{identity}: {declared['result']}"
                values[called] = dict(zip(("result", "product"), made, strict=True))
        if values:
            # Undefined where a factor has no value; that it has none rightly is a rule of ratios.
            # A result with no value of which every factor has one is a contradiction.
            sql = values_that_break(
                mart.name,
                key_of(mart),
                values,
                f"product is null or {_closes('product', 'result', declarations.tolerance)}",
                f"label || ' is ' || {as_text('result')} || ' and the product of its factors ' ||"
                f" {as_text('product')}",
                table(mart.name),
            )
            yield Part(mart.name, sql, (mart.name,))


def _identities_over(declarations: Declarations, subject: str) -> dict[str, Mapping[str, Any]]:
    return {
        identity: declared
        for identity, declared in declarations.identities.items()
        if declared.get("over", "funnel") == subject
    }


def _recomputed(declarations: Declarations, sources: list[Source]) -> str:
    queries = []
    for source in sources:
        mart = declarations.marts[source.mart]
        structs = []
        for identity, declared in _identities_over(declarations, source.subject).items():
            made = evaluable(declarations, mart, declared)
            if made is None:
                continue
            result, product = made
            money = "revenue" if declared["result"] == "revenue" else "0"
            structs.append(
                f"{{'identity': {quoted(identity)}, 'result': {result}, 'product': {product},"
                f" 'money': cast({money} as decimal(38, 6))}}"
            )
        if structs:
            queries.append(
                f"select {source.slice_columns}, unnest([{', '.join(structs)}]) as made\n"
                f"from {table(source.mart)} where {source.where}"
            )
    union = "\nunion all\n".join(queries)
    columns = ", ".join(SLICE)
    return f"""(
    select {columns}, made.identity, made.result, made.product, made.money,
        case when made.product is null or made.result is null then 'undefined'
            when {_closes("made.product", "made.result", declarations.tolerance)} then 'holds'
            else 'violated' end as status
    from (
{union}
    )
)"""


def _read(sources: list[Source]) -> tuple[str, ...]:
    return (STATUS, *(source.mart for source in sources))


def _key(relation: str) -> str:
    return listed((*SLICE, "identity"), relation)


def _on(left: str, right: str, columns: tuple[str, ...]) -> str:
    return " and ".join(f"{left}.{c} is not distinct from {right}.{c}" for c in columns)


def _definitions_match(declarations: Declarations, sources: list[Source]) -> Part:
    joined = (
        f"(select * from {table(STATUS)} where entry = 'definition') as shown\n"
        f"inner join {_recomputed(declarations, sources)} as made\n"
        f"on {_on('shown', 'made', (*SLICE, 'identity'))}"
    )
    conditions = [
        differ("shown.result", "made.result", "result"),
        (
            f"(shown.product is null) = (made.product is null) and (made.product is null or"
            f" {_closes('shown.product', 'made.product', declarations.tolerance)})",
            f"'product is ' || {as_text('shown.product')} || ' and not ' ||"
            f" {as_text('made.product')}",
        ),
        differ("shown.status", "made.status", "status"),
        differ(
            "shown.unexplained_revenue",
            "case when made.product is null then made.money else 0 end",
            "unexplained_revenue",
        ),
    ]
    return Part(STATUS, rows_that_break(STATUS, _key("shown"), conditions, joined), _read(sources))


def _double_entries_match(declarations: Declarations, sources: list[Source]) -> Iterator[Part]:
    entries = declarations.variables.get("double_entries", {})
    for source in sources:
        if source.subject != "funnel":
            continue
        mart = declarations.marts[source.mart]
        results = []
        for identity, declared in _identities_over(declarations, "funnel").items():
            made = evaluable(declarations, mart, declared)
            if made:
                results.append(f"when {quoted(identity)} then {made[0]}")
        conditions = [
            differ("result", f"case identity {' '.join(results)} else result end", "result")
        ]
        for place in ("first", "second"):
            known = [
                f"when factor in ({_factors_of(entry)}) then {name(entry[place])}"
                for entry in entries.values()
                if entry.get("factors") and entry[place] in mart.names
            ]
            if known:
                expected = f"case {' '.join(known)} else {place}_entry end"
                conditions.append(differ(f"{place}_entry", expected, f"{place}_entry"))
        columns = ", ".join(f"source.{name(c)}" for c in mart.names if c not in SLICE)
        relation = (
            f"(select shown.*, {columns} from {table(STATUS)} as shown inner join"
            f" (select *, {_sliced(source)} from {table(source.mart)} where {source.where})"
            f" as source on {_on('shown', 'source', ('period_grain', 'period_starts_on'))}"
            f" and shown.dimension = source.slice_dimension"
            f" and shown.dimension_value = source.slice_value"
            f" where shown.entry = 'double_entry')"
        )
        key = listed((*SLICE, "identity", "factor"))
        yield Part(STATUS, rows_that_break(STATUS, key, conditions, relation), _read([source]))


def _sliced(source: Source) -> str:
    grain, day, dimension, value = source.columns
    return (
        f"{grain} as period_grain, {day} as period_starts_on,"
        f" {dimension} as slice_dimension, {value} as slice_value"
    )


def _factors_of(entry: Mapping[str, Any]) -> str:
    return ", ".join(quoted(factor) for factor in entry["factors"])


def _quantities(declarations: Declarations) -> Iterator[tuple[str, str]]:
    """Each factor of identity_status, and the double entry that it belongs to."""
    for quantity, entry in declarations.variables.get("double_entries", {}).items():
        for factor in entry.get("factors") or [quantity]:
            yield factor, quantity


def _entries_are_one(declarations: Declarations) -> Part:
    cases = " ".join(
        f"when {quoted(factor)} then {quoted(quantity)}"
        for factor, quantity in _quantities(declarations)
    )
    spread = ", ".join(
        f"count(distinct {as_text(column)}) as {column}, min({column}) as least_{column},"
        f" max({column}) as most_{column}"
        for column in ENTRIES
    )
    relation = (
        f"(select {', '.join(SLICE)}, case factor {cases} end as quantity, {spread}"
        f" from {table(STATUS)} where entry = 'double_entry' and factor <> 'all'"
        f" group by all)"
    )
    conditions = [
        (
            f"{column} = 1",
            f"'{column} is ' || {as_text(f'least_{column}')} || ' of one identity and ' ||"
            f" {as_text(f'most_{column}')} || ' of another'",
        )
        for column in ENTRIES
    ]
    key = listed((*SLICE, "quantity"))
    return Part(STATUS, rows_that_break(STATUS, key, conditions, relation), (STATUS,))


def _definitions_are_complete(declarations: Declarations, sources: list[Source]) -> Part:
    made = _recomputed(declarations, sources)
    return Part(
        STATUS,
        f"""select '{STATUS}' as mart,
    coalesce({_key_or_null("made")}, {_key_or_null("shown")}) as row_key,
    case when shown.identity is null then 'is not judged' else 'is of a slice that no mart has'
    end as finding
from {made} as made
full outer join (select * from {table(STATUS)} where entry = 'definition') as shown
on {_on("made", "shown", (*SLICE, "identity"))}
where made.identity is null or shown.identity is null""",
        _read(sources),
    )


def _key_or_null(relation: str) -> str:
    return f"case when {relation}.identity is not null then {_key(relation)} end"


def _double_entries_are_complete(declarations: Declarations, sources: list[Source]) -> Part:
    wanted = []
    for identity, declared in _identities_over(declarations, "funnel").items():
        factors = [
            str(given.get("metric") if isinstance(given, Mapping) else given)
            for given in declared["factors"]
        ]
        entered = []
        for entry in declarations.variables.get("double_entries", {}).values():
            covered = [factor for factor in factors if factor in (entry.get("factors") or ())]
            entered += covered[:1]
        wanted += [(quoted(identity), quoted(factor)) for factor in entered]
        if len(entered) > 1:
            wanted.append((quoted(identity), "'all'"))
    slices = "\nunion all\n".join(
        f"select {source.slice_columns} from {table(source.mart)} where {source.where}"
        for source in sources
        if source.subject == "funnel"
    )
    key = listed((*SLICE, "identity", "factor"), "expected")
    return Part(
        STATUS,
        f"""select '{STATUS}' as mart, {key} as row_key, 'has no double entry' as finding
from (
    select * from (
{slices}
    ) cross join {series_of_values(wanted, ["identity", "factor"])}
) as expected
anti join (select * from {table(STATUS)} where entry = 'double_entry') as shown
on {_on("expected", "shown", (*SLICE, "identity", "factor"))}""",
        _read(sources),
    )


def _consequences(declarations: Declarations) -> Iterator[tuple[str, str]]:
    yield differ("residual", "product - result", "residual")
    yield differ(
        "status",
        "case when residual is null then 'undefined' when "
        f"abs(residual) <= {declarations.tolerance} * greatest(1, abs(result)) then 'holds' "
        "else 'violated' end",
        "status",
    )
    larger = "cast(greatest(first_entry, second_entry) as double)"
    apart = "cast(only_in_first + only_in_second as double)"
    share = f"case when {larger} <> 0 then {apart} / {larger} end"
    yield (
        f"(gap_share is null) = ({share} is null) and (gap_share is null or"
        f" abs(gap_share - {share}) <= 1e-12)",
        f"'gap_share is ' || {as_text('gap_share')} || ' and not ' || {as_text(share)}",
    )
    revenue = ", ".join(
        quoted(identity)
        for identity, declared in declarations.identities.items()
        if declared["result"] == "revenue"
    )
    if revenue:
        yield differ(
            "gap_money",
            f"case when entry = 'double_entry' and identity in ({revenue})"
            " then try_cast(residual as decimal(38, 6)) end",
            "gap_money",
        )
    yield differ(
        "gap_level",
        f"case when entry <> 'double_entry' or factor = 'all' then null"
        f" when dimension_value = '(unattributed)' then 'none' {_levels(declarations)} end",
        "gap_level",
    )
    yield (
        "factor is distinct from 'revenue' or (result is not distinct from cast(first_entry as"
        " double) and product is not distinct from cast(second_entry as double))",
        "'result and product are not its entries (' || "
        + listed(["result", "first_entry", "product", "second_entry"])
        + " || ')'",
    )


def _levels(declarations: Declarations) -> str:
    cases = []
    entries = declarations.variables.get("double_entries", {})
    for factor, quantity in _quantities(declarations):
        for level in ("fail", "warn"):
            limit = entries[quantity][level]
            cases.append(
                f"when factor = {quoted(factor)} and only_in_first + only_in_second >= greatest("
                f"{limit['units']}, {limit['share']}"
                f" * cast(greatest(first_entry, second_entry) as decimal(30, 6))) then '{level}'"
            )
    return " ".join([*cases, "else 'none'"])


def _failing_gaps(declarations: Declarations) -> Part:
    by_nature = ", ".join(quoted(factor) for factor in sorted(declarations.gaps_by_nature))
    spared = f" and factor not in ({by_nature})" if by_nature else ""
    entered_twice = (
        f"select factor from {table(STATUS)} where gap_level is not null group by factor"
        " having sum(abs(first_entry)) > 0 and sum(abs(second_entry)) > 0"
    )
    return part_of(
        declarations.marts[STATUS],
        [
            (
                "gap_level <> 'fail'",
                "'the gap fails (' || "
                + listed(["only_in_first", "only_in_second", "first_entry", "second_entry"])
                + " || ')'",
            )
        ],
        f"gap_level is not null and factor in ({entered_twice}){spared}",
    )


def _lone_entries() -> Part:
    return Part(
        STATUS,
        f"""select '{STATUS}' as mart, 'factor ' || factor as row_key,
    'has units in one log only (first ' || sum(abs(first_entry)) || ', second '
    || sum(abs(second_entry)) || ')' as finding
from {table(STATUS)}
where gap_level is not null
group by factor
having (sum(abs(first_entry)) > 0) <> (sum(abs(second_entry)) > 0)""",
        (STATUS,),
    )
