"""`python -m tributary.schedule`: the schedule and its web page."""

import typer

from tributary.schedule.command import schedule

if __name__ == "__main__":
    typer.run(schedule)
