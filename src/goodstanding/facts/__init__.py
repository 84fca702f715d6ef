"""What may be said of whom: catalogue of kinds, records, identifiers, reading and validating files."""
