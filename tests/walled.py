"""Databases whose rows are also kept apart by row-level security."""

import sqlalchemy as sa
from sqlalchemy import URL

from db import policies
from db.engine import Database, Transaction
from tests.units import compiled

ROLE = "portal_server"
"""Role that has no table and that the policies bind."""


class Walled(str):
    """URL of a database with policies, by its owner; or the engine of such a database."""

    __slots__ = ()


class WalledDatabase(Database):
    """Database as servers have it, whose URL is the owner's for the tests' own units of work."""

    def __init__(self, url: str, *, seconds: float | None = None, hints: bool = False) -> None:
        """Connect as the role that the policies bind."""
        super().__init__(bound(url), seconds=seconds, hints=hints, row_security=True)
        self.url: URL = sa.make_url(url)


def bound(url: str) -> str:
    """Return the URL for the role that the policies bind."""
    return sa.make_url(url).set(username=ROLE).render_as_string(hide_password=False)


# Another process of the test run may make it at the same time, in another database of the server.
CREATE_ROLE = f"""DO $$ BEGIN
CREATE ROLE {ROLE} LOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$"""


async def turn_on(url: str) -> Walled:
    """Let the policies of a migrated database bind the role, which is made if there is none."""
    database = Database(url)

    async def create(tx: Transaction) -> None:
        await tx.execute(compiled(sa.text(CREATE_ROLE)))

    async def turn(tx: Transaction) -> None:
        await policies.turn_on(tx)
        assert await policies.grant(tx, ROLE)

    try:
        # The other process waits until this is committed.
        await database.write(create)
        await database.write(turn)
    finally:
        await database.close()
    return Walled(url)
