"""Which tables a database has, and which ones this version needs, without the migrations themselves."""

from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

import sqlalchemy as sa

from db.engine import Connection, Database
from db.engine.filters import value
from db.engine.statement import Statement

HEAD = "0027"
"""The last step of `db.migrations`."""

_STEPS = frozenset(f"{number:04}" for number in range(1, int(HEAD) + 1))
_VERSION = sa.table("alembic_version", sa.column("version_num", sa.String))
_OWN_TABLES = frozenset({"partners", "users", "clients"})
"""Tables that all versions have."""

# Extensions such as PostGIS put tables into the database that are no program's.
_OF_EXTENSIONS: Statement[str] = Statement(
    sa.text(
        "SELECT relname FROM pg_class JOIN pg_depend ON objid = pg_class.oid AND classid = 'pg_class'::regclass "
        "WHERE deptype = 'e'"
    ).columns(relname=sa.String),
    value,
)
_DONE: Statement[str] = Statement(sa.select(_VERSION.c.version_num), value)


class State(Enum):
    """What a database is to this version of the portal."""

    CURRENT = "current"
    EMPTY = "empty"
    OLDER = "older"
    NEWER = "newer"
    FOREIGN = "foreign"


class Examined(NamedTuple):
    """The state of a database, and what shows it."""

    state: State
    steps: Sequence[str] = ()
    """The steps that the database says it has."""

    tables: Sequence[str] = ()
    """The tables of a foreign database."""


class WrongDatabaseError(Exception):
    """The database is one that this version must not migrate: a newer one, or another program's."""

    def __init__(self, examined: Examined) -> None:
        """Keep what was found."""
        super().__init__(examined.state.value)
        self.examined = examined


class UnfitRowsError(LookupError):
    """Rows refer to what does not exist, or is another partner's, so that the steps can't go on."""


async def at_head(database: Database) -> bool:
    """Whether the database has the tables of today, no older and no newer ones."""
    return (await examine(database)).state is State.CURRENT


async def examine(database: Database) -> Examined:
    """Return what the database is."""
    return await database.read(examined)


async def examined(connection: Connection) -> Examined:
    """Return what the database of the connection is."""
    done = await _steps_done(connection)
    if done == {HEAD}:
        return Examined(State.CURRENT)
    tables = set(await connection.inspect(lambda sync: sa.inspect(sync).get_table_names()))
    if not tables >= _OWN_TABLES:
        if connection.dialect.name == "postgresql":
            of_extensions = await connection.fetch(_OF_EXTENSIONS)
            tables -= set(of_extensions)
        tables -= set() if done else {_VERSION.name}
        return Examined(State.FOREIGN, tables=sorted(tables)) if tables else Examined(State.EMPTY)
    if done and done <= _STEPS:
        return Examined(State.OLDER)
    return Examined(State.NEWER, steps=sorted(done)) if done else Examined(State.FOREIGN, tables=sorted(tables))


async def _steps_done(connection: Connection) -> set[str]:
    if not await connection.inspect(lambda sync: sa.inspect(sync).has_table(_VERSION.name)):
        return set()
    return set(await connection.fetch(_DONE))
