"""Database for the tests that take any sequence of steps."""

from collections.abc import AsyncIterator

import pytest

from db.engine import Database
from tests.databases import Databases
from tests.units import keeping_connections


@pytest.fixture(scope="module")
async def tried(engine: str, databases: Databases) -> AsyncIterator[Database]:
    """Database of the module's own, in which the doctor must find nothing; its connections know their statements."""
    opened = Database(databases.migrated(engine))
    async with keeping_connections(opened):
        yield opened
    await opened.close()
