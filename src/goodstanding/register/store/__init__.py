"""The tables of a register, and the server that holds them."""
