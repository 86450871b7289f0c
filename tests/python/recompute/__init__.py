"""Every figure of the marts once more, from the raw CSV files, in plain Python and no SQL."""
