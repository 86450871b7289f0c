"""What a process needs for a run, imported once and inherited by every run after it."""

import dbt.adapters.duckdb
import dbt.cli.main

from tributary.audit.engine import datasource_type

__all__ = ["dbt"]

datasource_type()
