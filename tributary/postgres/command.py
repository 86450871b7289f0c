"""The command `tributary postgres`."""

from typing import Annotated

import typer
from rich.console import Console

from tributary.postgres.address import URL, PostgresError, address_of
from tributary.postgres.swap import publish_to
from tributary.publish.reading import QuestionError
from tributary.settings import SettingsError, warehouse_at
from tributary.words import WarehouseOption, refuse, stop


def postgres(
    url: Annotated[
        str | None,
        typer.Option(
            "--url", help=f"The server: postgresql://user@host:5432/database [env: {URL}]."
        ),
    ] = None,
    schema: Annotated[
        str, typer.Option("--schema", help="The schema that is replaced as a whole.")
    ] = "tributary",
    warehouse: WarehouseOption = None,
    wait: Annotated[
        float,
        typer.Option("--wait", min=0, help="Seconds to wait for readers of the old tables."),
    ] = 60,
) -> None:
    """Copy what is published into PostgreSQL, in place of what was there, in one transaction.

    Readers see the old schema or the new one, whole. Types are exact, descriptions come along, and
    who could read the old schema can read the new one. The table `publication` says which
    publication it is. What fails changes nothing.
    """
    console = Console()
    try:
        address = address_of(url)
        with console.status("Copying") as status:
            served = publish_to(
                address,
                schema,
                warehouse_at(warehouse),
                wait,
                lambda mart, rows: status.update(f"{mart}: {rows:,} rows"),
            )
    except (PostgresError, QuestionError, SettingsError) as failed:
        refuse(console, str(failed))
    except KeyboardInterrupt:
        stop(console, "PostgreSQL serves what it served.")
    console.print(
        f"{address.shown} serves publication {served.run_id} in the schema {schema}: "
        f"{len(served.rows)} marts, {sum(served.rows.values()):,} rows.",
        highlight=False,
        soft_wrap=True,
        markup=False,
    )
