"""The served publication in PostgreSQL, for tools that speak nothing else."""
