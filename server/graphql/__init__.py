"""Request engine: documents, their limits and errors, and the execution of operations."""
