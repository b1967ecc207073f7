"""Which tables a database has, and which ones this version needs, without the migrations themselves."""

from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

import sqlalchemy as sa

from db.engine import Connection, Database
from db.engine.filters import value, values_of
from db.engine.statement import Statement

HEAD = "0036"
"""The last step of `db.migrations`."""

_STEPS = frozenset(f"{number:04}" for number in range(1, int(HEAD) + 1))
VERSION = sa.table("alembic_version", sa.column("version_num", sa.String), sa.column("served", sa.String))
"""The table in which Alembic keeps the revision; `served` has the oldest one whose servers work on it, and that one."""

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
_DONE: Statement[str] = Statement(sa.select(VERSION.c.version_num), value)
_SERVED: Statement[tuple[str, str | None]] = Statement(sa.select(VERSION.c.version_num, VERSION.c.served), values_of)


class State(Enum):
    """What a database is to this version of the portal."""

    CURRENT = "current"
    EXPANDED = "expanded"
    """It has tables of a newer version that serve this one too."""

    EMPTY = "empty"
    OLDER = "older"
    NEWER = "newer"
    FOREIGN = "foreign"


class Examined(NamedTuple):
    """The state of a database, and what shows it."""

    state: State
    steps: Sequence[str] = ()
    """The steps that an older or newer database says it has."""

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


class BrokenConstraintError(UnfitRowsError):
    """A constraint refuses what a step writes. The message has no values of rows."""


async def can_serve(database: Database) -> bool:
    """Whether the database has the tables of today, or newer ones on which this version works too."""
    return (await examine(database)).state in {State.CURRENT, State.EXPANDED}


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
        tables -= set() if done else {VERSION.name}
        return Examined(State.FOREIGN, tables=sorted(tables)) if tables else Examined(State.EMPTY)
    if done and done <= _STEPS:
        return Examined(State.OLDER, steps=sorted(done))
    if done:
        return Examined(State.EXPANDED if await _serves(connection) else State.NEWER, steps=sorted(done))
    return Examined(State.FOREIGN, tables=sorted(tables))


async def _steps_done(connection: Connection) -> set[str]:
    if not await connection.inspect(lambda sync: sa.inspect(sync).has_table(VERSION.name)):
        return set()
    return set(await connection.fetch(_DONE))


async def _serves(connection: Connection) -> bool:
    """Return whether servers of this version work on the tables of a newer one, by what its migration has noted."""
    if not await connection.inspect(notes_served):
        return False
    served = await connection.fetch(_SERVED)
    return all(is_served(HEAD, revision, noted or "") for revision, noted in served)


def is_served(version: str, revision: str, noted: str) -> bool:
    """Return whether the note at a revision says that servers of the version work on its tables."""
    # Another program than `portal migrate` may have changed the revision, and left the note.
    oldest, _, newest = noted.partition("-")
    return newest == revision and oldest <= version <= newest


def notes_served(connection: sa.Connection) -> bool:
    """Return whether the table of the revision has the column `served`."""
    return any(column["name"] == VERSION.c.served.name for column in sa.inspect(connection).get_columns(VERSION.name))
