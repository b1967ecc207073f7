"""Row-level security of PostgreSQL: whether the role of a connection is one that the policies bind."""

from db.engine.asyncpg_types import DriverConnection
from db.engine.failures import NotBoundError

IS_BOUND = "SELECT row_security_active(to_regclass('clients')::oid)"
"""Null if there is no such table yet. Superusers, roles with BYPASSRLS and the tables' owner are not bound."""


async def check_role(driver: DriverConnection) -> None:
    """Raise NotBoundError if the policies do not bind the role of the connection."""
    if (await driver.fetch(IS_BOUND))[0][0] is False:
        raise NotBoundError
