"""Reads of tests that replicas may answer."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import sqlalchemy as sa

from db.engine import Connection, Database, replicas
from db.engine.filters import value
from db.engine.replicas import QueryReads
from db.engine.statement import Statement

_IN_RECOVERY: Statement[bool] = Statement(sa.select(sa.func.pg_is_in_recovery(type_=sa.Boolean)), value)


async def on_replica(connection: Connection) -> bool:
    """Return whether a replica answers."""
    (found,) = await connection.fetch(_IN_RECOVERY)
    return found


@asynccontextmanager
async def query(database: Database) -> AsyncIterator[None]:
    """Read as a query does."""
    assert database.replicas is not None
    before = replicas.current.set(QueryReads(database.replicas))
    yield
    replicas.current.reset(before)
