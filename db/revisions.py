"""Which tables a database has, and which ones this version needs, told without what makes them."""

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from db.engine import Database

HEAD = "0005"
"""The last step of `db.migrations`."""

_VERSION = sa.table("alembic_version", sa.column("version_num", sa.String))


async def at_head(database: Database) -> bool:
    """Whether the database has the tables of today, no older and no newer ones."""
    async with database.read() as connection:
        return await steps_done(connection) == {HEAD}


async def steps_done(connection: AsyncConnection) -> set[str]:
    """The last steps that the database has; none where it is empty."""
    if not await connection.run_sync(lambda sync: sa.inspect(sync).has_table(_VERSION.name)):
        return set()
    return set(await connection.scalars(sa.select(_VERSION.c.version_num)))
