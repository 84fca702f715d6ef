"""What a register gives out as proof, made and checked without the register: no database, no trust in it."""
