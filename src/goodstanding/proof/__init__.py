"""What a register gives out as proof, made and checked without the register: no database, no service, no trust in it."""
