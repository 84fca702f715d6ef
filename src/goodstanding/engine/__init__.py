"""Records to standings: the exact evaluator, the compiled kernel, explanation."""
