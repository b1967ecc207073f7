"""`portal row-security`."""

import asyncio
from enum import Enum
from typing import Annotated

import typer

from db import policies
from db.engine import Database, Transaction
from db.migrations import revisions
from db.migrations.revisions import State
from server import diagnosis
from server.cli.printing import say
from server.cli.runner import WRONGLY_USED, fail, failures, settings
from server.settings import Settings


class Switch(Enum):
    """What to do with row-level security."""

    ON = "on"
    OFF = "off"


def row_security(
    switch: Annotated[Switch, typer.Argument(help="Whether the policies bind roles that do not own the tables.")],
    *,
    role: Annotated[str | None, typer.Option(help="Role of the servers, which is granted what they need.")] = None,
) -> None:
    """Keep partners apart by PostgreSQL's row-level security too, for roles that do not own the tables.

    Run it with the DATABASE_URL of the owner, then start the servers with that of the role and
    DATABASE_ROW_SECURITY=true. Each `portal migrate` adds the policies of new tables while it is on. Before you turn it
    off, restart the servers as the owner without that setting: with it, they can open no connection any more. Data is
    not changed.
    """
    given = settings()
    if diagnosis.sqlite_file(given.database_url) is not None:
        fail("Row-level security is PostgreSQL's, and DATABASE_URL names a SQLite file.", status=WRONGLY_USED)
    with failures(given):
        if not asyncio.run(_turn(given, switch, role)):
            fail(f"There is no role “{role}”. Make it with CREATE ROLE. Nothing was changed.")
    say(f"Row-level security is {switch.value}.")
    if switch is Switch.OFF:
        typer.echo("Servers with DATABASE_ROW_SECURITY=true can open no connection now: restart them without it.")


async def _turn(given: Settings, switch: Switch, role: str | None) -> bool:
    """Turn it on or off; return False, changing nothing, if there is no such role."""

    async def turn(tx: Transaction) -> bool:
        await policies.wait_briefly(tx)
        if role is not None and not await policies.grant(tx, role):
            return False
        await (policies.turn_on(tx) if switch is Switch.ON else policies.turn_off(tx))
        return True

    database = Database(given.database_url)
    try:
        if switch is Switch.ON:
            found = await revisions.examine(database)
            if found.state not in {State.CURRENT, State.EXPANDED}:
                raise diagnosis.trouble_of(found)
        return await database.write(turn)
    finally:
        await database.close()
