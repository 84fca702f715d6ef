"""What a register does by itself, and what it tells those who run it."""
