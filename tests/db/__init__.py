"""The statements, on SQLite and on PostgreSQL."""
