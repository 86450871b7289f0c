"""Who may read a schema, carried over to the one that takes its place."""

from typing import Any

from tributary.audit.sql import name as quoted_name
from tributary.audit.sql import quoted
from tributary.postgres.server import ask


def carry_rights(cursor: Any, old: str, new: str) -> None:
    """Who could read a table of the old schema can read the table of that name in the new one.

    Who could read every table can read every table, those of new marts among them.
    """
    schema = quoted_name(new)
    for (user,) in ask(cursor, _users(old)):
        cursor.execute(f"grant usage on schema {schema} to {_role(user)}")
    before, after = (_tables(cursor, one) for one in (old, new))
    for reader, *named in ask(cursor, _readers(old)):
        read = set(named[0].split(","))
        for table in sorted(after if read >= before else read & after):
            cursor.execute(f"grant select on {schema}.{quoted_name(table)} to {_role(reader)}")


def _tables(cursor: Any, schema: str) -> set[str]:
    found = ask(
        cursor,
        "select relname::text from pg_class "
        f"where relkind = 'r' and relnamespace = {quoted(schema)}::regnamespace",
    )
    return {str(table) for (table,) in found}


def _users(schema: str) -> str:
    """Who may look into a schema that is not theirs; null stands for everyone."""
    return (
        "select distinct case when grantee <> 0 then pg_get_userbyid(grantee)::text end "
        "from pg_namespace, aclexplode(nspacl) "
        f"where nspname = {quoted(schema)} and privilege_type = 'USAGE' and grantee <> nspowner"
    )


def _readers(schema: str) -> str:
    """Who may read which tables of a schema."""
    return (
        "select case when grantee <> 0 then pg_get_userbyid(grantee)::text end, "
        "string_agg(relname::text, ',') "
        "from pg_class, aclexplode(relacl) "
        f"where relkind = 'r' and relnamespace = {quoted(schema)}::regnamespace "
        "and privilege_type = 'SELECT' and grantee <> relowner group by grantee"
    )


def _role(name: str | None) -> str:
    return "public" if name is None else quoted_name(name)
