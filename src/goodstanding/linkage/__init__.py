"""Which subject a record is about."""
