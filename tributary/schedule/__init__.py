"""A schedule: Dagster runs what `tributary run` runs, and shows it. Needs the extra `dagster`."""
