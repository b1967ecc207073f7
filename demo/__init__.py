"""Demo data like the real thing: a year of three partners, made up from a seed."""
