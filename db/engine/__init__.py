"""Engines for SQLite and PostgreSQL: connections, compiled statements, keyset pages and row batches."""

from db.engine.connection import Connection, Pending, TookTooLongError, Transaction, Work, one, returned
from db.engine.database import Database

__all__ = ["Connection", "Database", "Pending", "TookTooLongError", "Transaction", "Work", "one", "returned"]
