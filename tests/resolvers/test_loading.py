"""Dataloaders whose callers were cancelled."""

import asyncio
import gc
from collections.abc import Mapping, Sequence
from typing import Any

from db.engine import Connection, Database
from domain.tenancy import ALL_PARTNERS, Scope
from resolvers.dataloader import Loader


async def test_an_error_is_not_logged_where_the_caller_has_gone(database: Database) -> None:
    async def fail(_connection: Connection, _scope: Scope, keys: Sequence[int]) -> Mapping[int, int]:
        raise LookupError(keys)

    loader, loop = Loader(database, ALL_PARTNERS, fail), asyncio.get_running_loop()
    logged: list[dict[str, Any]] = []
    before = asyncio.all_tasks()
    loop.set_exception_handler(lambda _loop, context: logged.append(context))

    asked = asyncio.create_task(loader.load(1))
    await asyncio.sleep(0)
    asked.cancel()
    while reading := asyncio.all_tasks() - before:
        await asyncio.wait(reading)
    gc.collect()
    await asyncio.sleep(0)
    loop.set_exception_handler(None)

    assert logged == []
