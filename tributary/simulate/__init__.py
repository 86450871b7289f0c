"""Simulates the event logs of an ad platform, with a truth file that says what the logs hold."""
