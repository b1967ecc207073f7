"""What Alembic runs: the steps, on the connection and in the transaction that `db.migrations.migrate` hands over."""

from alembic import context
from alembic.ddl.sqlite import SQLiteImpl
from alembic.operations.batch import BatchOperationsImpl


class _Sqlite(SQLiteImpl):
    """SQLite as Alembic finds it by its name."""

    __dialect__ = "sqlite"

    def requires_recreate_in_batch(self, batch_op: BatchOperationsImpl) -> bool:
        # To put a new table in the place of one takes the names in its references only; SQLAlchemy would read the
        # tables of its references as well, those of theirs, and so on.
        batch_op.reflect_kwargs["resolve_fks"] = False
        return super().requires_recreate_in_batch(batch_op)


context.configure(connection=context.config.attributes["connection"])
with context.begin_transaction():
    context.run_migrations()
