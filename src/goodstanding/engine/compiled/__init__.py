"""A policy as a program, written from its expressions; run as plain Python or as machine code over records."""
