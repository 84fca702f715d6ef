"""How records come in: who sends them, whose they are, which are new."""
