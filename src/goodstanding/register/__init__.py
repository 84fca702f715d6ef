"""The service's memory and duties on PostgreSQL."""
