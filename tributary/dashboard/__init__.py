"""Dashboards over the published marts: declared in YAML, written as pages that ask no network."""
