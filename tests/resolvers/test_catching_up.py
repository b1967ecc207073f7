"""A reader that follows `updatedSince` has every change, whatever the clocks and the order of commits."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest

from db import client_changes, clients
from db.client_changes import ClientDetails
from domain.access import Permission
from domain.events import Event, EventType
from domain.timestamps import utc_now
from resolvers.access import viewer_of
from resolvers.context import Context
from resolvers.mutations import Work
from tests.api import Api
from tests.units import writing

WRITERS, CHANGES = 6, 8
SKEW = timedelta(milliseconds=30)
"""How far the clocks of processes disagree."""

LISTS = {
    "clients": ("filter: {updatedSince: $since, status: null}", "id updatedAt status name city"),
    "activations": ("filter: {updatedSince: $since}", "id updatedAt status note activationKey movedTo { id }"),
}
EARLIEST = "1970-01-01T00:00:00Z"


class Reader:
    """Reader with a copy of both lists, and the time of the last change that it has of each."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.copy: dict[str, dict[str, Any]] = {name: {} for name in LISTS}
        self.since = dict.fromkeys(LISTS, EARLIEST)

    async def catch_up(self) -> None:
        """Read what has changed since, page by page."""
        for name in LISTS:
            async for node in self._pages(name, self.since[name]):
                self.copy[name][node["id"]] = node
                self.since[name] = node["updatedAt"]

    async def everything(self) -> dict[str, dict[str, Any]]:
        """Return all rows of both lists."""
        return {name: {node["id"]: node async for node in self._pages(name, EARLIEST)} for name in LISTS}

    async def _pages(self, name: str, since: str) -> AsyncIterator[Any]:
        chosen, fields = LISTS[name]
        query = f"""query ($since: DateTime!, $after: String) {{
            {name}({chosen}, sort: {{by: UPDATED_AT, direction: ASC}}, first: 3, after: $after) {{
                nodes {{ {fields} }} pageInfo {{ hasNextPage endCursor }} }} }}"""
        after = None
        while True:
            page = (await self.api.data(query, since=since, after=after))[name]
            for node in page["nodes"]:
                yield node
            if not page["pageInfo"]["hasNextPage"]:
                return
            after = page["pageInfo"]["endCursor"]


async def _write(api: Api, product: str, number: int) -> None:
    """Change a client and its activations, as a user does."""
    client, key = await api.client(name=f"Padaria {number}"), f"KEY-{number}"
    for change in range(CHANGES):
        activation = await api.activation(client, product, activationKey=f"{key}-{change}", note="Caixa")
        await api.done("updateClient", "__typename", {"clientId": client, "city": f"Olinda {change}"})
        if change % 3 == 0:
            await api.done("updateActivation", "__typename", {"activationId": activation, "note": "Balcão"})
        elif change % 3 == 1:
            moved = {"activationId": activation, "toClientId": client, "activationKey": f"{key}-M-{change}"}
            await api.done("moveActivation", "__typename", moved)
        else:
            await api.done("cancelActivation", "__typename", {"activationId": activation})
    if number % 2:
        await api.done("cancelClient", "__typename", {"clientId": client})


@pytest.mark.parametrize("seed", range(2))
async def test_a_reader_misses_no_change_of_many_writers(api: Api, product: str, seed: int) -> None:
    rng = Random(seed)  # noqa: S311 — no secret.
    await api.buy(product, WRITERS * CHANGES * 2)
    # As many processes whose clocks are a little apart.
    api.portal.now = lambda: utc_now() + SKEW * rng.uniform(-1, 1)
    reader, writing_now = Reader(api), asyncio.gather(*(_write(api, product, number) for number in range(WRITERS)))
    while not writing_now.done():
        await reader.catch_up()
    await writing_now
    await reader.catch_up()

    assert reader.copy == await reader.everything()


async def test_a_transaction_that_began_first_and_commits_last_is_not_missed(api: Api) -> None:
    client = await api.client()
    reader = Reader(api)
    await reader.catch_up()
    began = api.portal.now()
    viewer = await viewer_of(api.portal, api.token or "", None)
    assert viewer is not None
    async with writing(api.portal.database) as tx:
        number = await clients.id_by_cnpj(tx, api.partner_id, await _cnpj(api, client))
        assert number is not None
        # SQLite has one writer at a time: there, it is the clock of another process that is behind.
        overtaking = asyncio.ensure_future(api.client())
        if api.portal.database.url.get_backend_name() != "sqlite":
            await overtaking
            await reader.catch_up()
        work = Work(
            Context(api.portal, viewer),
            tx,
            viewer,
            api.partner_id,
            Permission.CLIENTS_WRITE,
            times=[_earlier(began)],
        )
        details = ClientDetails(name="Padaria", city="Olinda")
        await client_changes.update(tx, api.partner_id, number, details, at=work.now)
        await work.append(Event(type=EventType.CLIENT_UPDATED, client_id=number))
    await overtaking
    await reader.catch_up()

    assert reader.copy == await reader.everything()
    assert reader.copy["clients"][client]["city"] == "Olinda"


def _earlier(began: datetime) -> datetime:
    return began - timedelta(seconds=1)


async def _cnpj(api: Api, client: str) -> str:
    return str((await api.data("query ($id: ID!) { client(id: $id) { cnpj } }", id=client))["client"]["cnpj"])
