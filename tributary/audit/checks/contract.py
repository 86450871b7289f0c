"""The contract: which marts there are, with which columns of which types, in which order."""

from tributary.audit.check import SCHEMA, WHOLE, Check, Part
from tributary.audit.declarations import Declarations
from tributary.audit.sql import quoted, series_of_values

FAMILY = "contract"


def checks(declarations: Declarations) -> list[Check]:
    """The checks of the contract; they read nothing but the catalog."""
    return [_contract(declarations), _nothing_else(declarations)]


def _contract(declarations: Declarations) -> Check:
    # The engine's own name of each type, however the contract spells it.
    types = {
        data_type: f"typeof(cast(null as {_type(data_type)}))"
        for mart in declarations.marts.values()
        for data_type in (column.data_type for column in mart.columns)
    }
    spelt = series_of_values(
        ((quoted(data_type), made) for data_type, made in types.items()), ["spelt", "data_type"]
    )
    columns = series_of_values(
        (
            (quoted(mart.name), quoted(column.name), quoted(column.data_type), str(at))
            for mart in declarations.marts.values()
            for at, column in enumerate(mart.columns, start=1)
        ),
        ["mart", "column_name", "spelt", "place"],
    )
    served = ", ".join(quoted(mart) for mart in declarations.marts)
    sql = f"""with expected as (
    select * from {columns} inner join {spelt} using (spelt)
), found as (
    select table_name as mart, column_name, data_type, ordinal_position as place
    from information_schema.columns
    where table_schema = '{SCHEMA}' and table_name in ({served})
), compared as (
    select coalesce(expected.mart, found.mart) as mart,
        coalesce(expected.mart, found.mart) in (select mart from found) as is_there,
        'column ' || coalesce(expected.column_name, found.column_name) as row_key,
        case
            when found.column_name is null then 'is missing'
            when expected.column_name is null then 'is not declared'
            when expected.data_type <> found.data_type
                then 'is ' || found.data_type || ' and not ' || expected.data_type
            when expected.place <> found.place
                then 'stands at place ' || found.place || ' and not ' || expected.place
        end as finding
    from expected
    full outer join found
        on expected.mart = found.mart and expected.column_name = found.column_name
)
select distinct mart, case when is_there then row_key else 'the mart' end as row_key, finding
from compared
where finding is not null"""
    return Check(
        "contract_is_exact",
        FAMILY,
        "has the declared columns, of the declared types, in the declared order",
        (Part(WHOLE, sql, ()),),
        covers=tuple(declarations.marts),
    )


def _nothing_else(declarations: Declarations) -> Check:
    served = ", ".join(quoted(mart) for mart in declarations.marts)
    return Check(
        "nothing_else_is_served",
        FAMILY,
        "holds nothing but the declared marts, as tables",
        (
            Part(
                WHOLE,
                f"""select '{WHOLE}' as mart,
    table_schema || '.' || table_name as row_key,
    case when table_schema = '{SCHEMA}' and table_name in ({served})
        then 'is a ' || lower(table_type) || ' and no table' else 'is no declared mart'
    end as finding
from information_schema.tables
where table_schema not in ('information_schema', 'pg_catalog')
    and (table_schema <> '{SCHEMA}' or table_name not in ({served}) or table_type <> 'BASE TABLE')
""",
                (),
            ),
        ),
    )


def _type(data_type: str) -> str:
    return "varchar" if data_type.lower() == "string" else data_type
