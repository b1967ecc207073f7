"""Engines for SQLite and PostgreSQL: connections, compiled statements, keyset pages and row batches."""

from db.engine.database import Connection, Database, Transaction

__all__ = ["Connection", "Database", "Transaction"]
