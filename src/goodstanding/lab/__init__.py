"""A synthetic nation: population, agencies, their defects."""
