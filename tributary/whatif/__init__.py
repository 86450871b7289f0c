"""What revenue would be if factors of an identity were others: `tributary whatif`."""
