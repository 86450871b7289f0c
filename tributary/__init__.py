"""tributary: from an ad platform's raw event logs to a metrics mart whose every number is
reconciled.
"""
