"""Proofs out of a register, and the proof that it is what was signed."""
