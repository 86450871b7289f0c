"""The command `tributary dashboard`."""

import signal
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from tributary.dashboard.pages import DashboardError
from tributary.dashboard.server import served_site
from tributary.dashboard.site import DAYS, FIRST, write_site
from tributary.publish.reading import QuestionError
from tributary.settings import SettingsError, without_events
from tributary.words import WarehouseOption, refuse


def dashboard(
    static: Annotated[
        Path | None,
        typer.Option(
            "--static",
            help="Write the pages into this folder instead, to be opened or copied anywhere.",
        ),
    ] = None,
    warehouse: WarehouseOption = None,
    host: Annotated[
        str, typer.Option("--host", help="Address to serve at; 0.0.0.0 lets other machines in.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Port to serve at; 0: any free one.")
    ] = 8088,
    days: Annotated[
        int, typer.Option("--days", min=1, help="How many days the pages hold, up to the newest.")
    ] = DAYS,
) -> None:
    """Show the published marts as pages: revenue, local search, advertisers, data health.

    Live until it is interrupted: a page that is opened or reloaded shows what is published then.
    With `--static` as files that ask for nothing of the network. English and Chinese.
    """
    console = Console()
    try:
        settings = without_events(warehouse)
        if static is not None:
            if not static.name:
                raise DashboardError("--static names no folder of its own. Name one.")
            manifest = write_site(settings, static.absolute(), days)
            console.print(
                f"Wrote publication {manifest.run_id} as {static / FIRST}.",
                highlight=False,
                soft_wrap=True,
            )
            return
        if not host:
            raise DashboardError("--host is empty. 0.0.0.0 lets other machines in, 127.0.0.1 none.")
        with served_site(settings, host, port, days) as server:
            # A service manager ends it by another signal than a terminal does.
            signal.signal(signal.SIGTERM, signal.default_int_handler)
            address = f"http://{host}:{server.server_port}/"
            console.print(f"Serving {address} until Ctrl-C.", highlight=False, soft_wrap=True)
            try:
                server.serve_forever()
            except KeyboardInterrupt:
                console.print("Stopped.")
    except (DashboardError, QuestionError, SettingsError) as failed:
        refuse(console, str(failed))
