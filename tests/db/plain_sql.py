"""Statements of tests, on databases at any step of the migrations."""

import sqlite3
from collections.abc import Callable
from typing import TypeVar

import asyncpg  # type: ignore[import-untyped]  # It has no types.
import sqlalchemy as sa

from db.engine import Database
from tests.units import execute, reading, writing

Seen = TypeVar("Seen")

REFUSED = (sqlite3.IntegrityError, asyncpg.IntegrityConstraintViolationError)
"""Errors of a statement that a constraint refuses."""


async def look(url: str, at: Callable[[sa.Connection], Seen]) -> Seen:
    """Return what a function of SQLAlchemy's connection finds in the database."""
    database = Database(url)
    async with reading(database) as connection:
        seen = await connection.inspect(at)
    await database.close()
    return seen


async def write(url: str, *statements: str) -> None:
    """Run statements in one transaction."""
    database = Database(url)
    async with writing(database) as tx:
        for statement in statements:
            await execute(tx, sa.text(statement))
    await database.close()
