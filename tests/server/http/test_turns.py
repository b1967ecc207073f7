"""Turns of partners: whose reads those of a request count as."""

from collections.abc import Awaitable, Callable, Hashable
from typing import Any

import pytest

from db.engine.deadline import key_of_caller
from tests.api import Api
from tests.websockets import signed_in

CLIENTS = "{ clients(first: 1) { nodes { id } } }"


async def by_http(api: Api) -> Any:  # noqa: ANN401 — JSON.
    return {"data": await api.data(CLIENTS)}


async def by_websocket(api: Api) -> Any:  # noqa: ANN401 — JSON.
    async with signed_in(api) as socket:
        return await socket.ask("1", CLIENTS)


# A read of SQLite runs in a thread, which knows no caller.
@pytest.mark.parametrize("engine", ["postgresql"], indirect=True, scope="session")
@pytest.mark.parametrize("asked", [by_http, by_websocket])
async def test_reads_of_a_request_take_turns_as_its_partners(api: Api, asked: Callable[[Api], Awaitable[Any]]) -> None:
    takers: list[Hashable] = []

    def observe(statement: str) -> None:
        if "FROM clients" in statement:
            takers.append(key_of_caller())

    api.portal.database.observers.append(observe)

    assert await asked(api) == {"data": {"clients": {"nodes": []}}}
    assert takers == [api.partner_id]
