"""The history of the tables, one module for each step."""
