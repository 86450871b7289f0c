"""Why a result moved between two periods: the command `tributary why`."""
