"""The migrations of the register's tables, run from `founding`."""
