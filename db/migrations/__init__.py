"""Alembic's environment, and under it the steps that lead to the tables of today."""
