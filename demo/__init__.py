"""Demo data: a realistic year of three partners, generated from a seed."""
