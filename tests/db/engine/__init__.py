"""Engines, compiled statements, keyset pages and row batches."""
