"""Standings: every subject scored, whole or only where something changed."""
