"""`python -m tributary.schedule`: the schedule and its web page."""

import typer

from tributary.schedule.command import schedule

if __name__ == "__main__":
    app = typer.Typer(add_completion=False, rich_markup_mode="markdown")
    app.command()(schedule)
    app()
