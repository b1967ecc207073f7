"""Texts that are written about a client while its cancellation waits for a lock, on PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
import sqlalchemy as sa

from db import activation_changes
from db.engine import Transaction
from db.engine.connection import NO_VALUES, Row
from db.engine.row_batch import RowBatch
from db.engine.statement import Statement, Values
from db.tables import activations, clients, orders, partners, tokens
from domain.errors import NotChanged
from resolvers import clients as clients_of_partner
from resolvers import ids
from resolvers.access import viewer_of
from resolvers.clients import CancelClient
from resolvers.context import Context
from tests.api import Api
from tests.factories import new_product
from tests.statements import every_statement
from tests.units import fetch_values, reading, writing

NAME = "Quitanda Xavante"
TEXT = f"Mesmo dono da {NAME}"

pytestmark = pytest.mark.parametrize("engine", ["postgresql"], indirect=True, scope="session")


async def _update_activation(api: Api, _vendor: Api, other: str, product: str) -> None:
    activation = await api.activation(other, product)
    await api.done("updateActivation", "activation { id }", {"activationId": activation, "note": TEXT})


async def _activate(api: Api, _vendor: Api, other: str, product: str) -> None:
    await api.activation(other, product, ecfSerialNumber=NAME.upper())


async def _create_order(api: Api, _vendor: Api, _other: str, product: str) -> None:
    await api.order((product, 1), note=TEXT)


async def _cancel_client(api: Api, _vendor: Api, other: str, _product: str) -> None:
    await api.done("cancelClient", "client { id }", {"clientId": other, "reason": TEXT})


async def _create_token(api: Api, _vendor: Api, _other: str, _product: str) -> None:
    await api.done("createApiToken", "apiToken { id }", {"name": TEXT, "permissions": ["CLIENTS_READ"]})


async def _suspend(api: Api, vendor: Api, _other: str, _product: str) -> None:
    partner = (await api.data("{ viewer { partner { id } } }"))["viewer"]["partner"]["id"]
    await vendor.done("suspendPartner", "partner { id }", {"partnerId": partner, "reason": TEXT})


async def _correct_suspension(api: Api, vendor: Api, _other: str, _product: str) -> None:
    for reason in ("inadimplência", TEXT):
        await vendor.done("suspendPartner", "partner { id }", {"partnerId": api.partner, "reason": reason})


@pytest.mark.parametrize(
    ("write", "column"),
    [
        (_update_activation, activations.c.note),
        (_activate, activations.c.ecf_serial_number),
        (_create_order, orders.c.note),
        (_cancel_client, clients.c.cancellation_note),
        (_create_token, tokens.c.name),
        (_suspend, partners.c.suspension_reason),
        (_correct_suspension, partners.c.suspension_reason),
    ],
)
async def test_texts_written_while_a_cancellation_waits_are_erased(
    api: Api,
    vendor: Api,
    write: Callable[[Api, Api, str, str], Awaitable[None]],
    column: sa.Column[str],
) -> None:
    product = await new_product(api.portal, api.partner_id)
    await api.buy(product, 3)
    client, other = await api.client(name=NAME), await api.client(name="Mercado Beta")
    activation = await api.activation(client, product)

    async with _cancelling(api, client, activation):
        await write(api, vendor, other, product)

    owner = column.table.c.id if column.table is partners else column.table.c.partner_id
    async with reading(api.portal.database) as connection:
        texts = await fetch_values(connection, sa.select(column).where(owner == api.partner_id, column.is_not(None)))
    assert texts
    assert [text for text in texts if "xavante" in text.lower()] == []


async def test_a_cancellation_that_always_finds_another_text_changes_nothing(api: Api, product: str) -> None:
    client = await api.client(name=NAME)
    await api.buy(product, 1)
    await api.activation(client, product)
    written: list[str] = []

    async def write() -> None:
        written.append(await api.order((product, 1), note=TEXT))

    with pytest.raises(NotChanged):
        await _cancel(api, client, write)

    assert len(written) > 1
    query = """query ($client: ID!, $orders: [ID!]!) {
        client(id: $client) { name status } nodes(ids: $orders) { ... on Order { note } } }"""
    read = await api.data(query, client=client, orders=written)
    assert read["client"] == {"name": NAME, "status": "ACTIVE"}
    assert {order["note"] for order in read["nodes"]} == {TEXT}


async def test_other_changes_meanwhile_do_not_repeat_a_cancellation(api: Api, product: str) -> None:
    """A word that another client's name has too is none of the values."""
    await api.buy(product, 2)
    await api.client(name="Quitanda Beta")
    client, other = await api.client(name=NAME), await api.client(name="Mercado Beta")
    await api.activation(client, product)
    written: list[str] = []

    async def write() -> None:
        await api.done("updateClient", "client { id }", {"clientId": other, "city": "Itu"})
        written.append(await api.order((product, 1), note="Para a quitanda"))

    with every_statement(api.portal.database) as statements:
        await _cancel(api, client, write)

    assert len(written) == 1
    assert len([statement for statement in statements if _searches_orders(statement)]) == 2


async def _cancel(api: Api, client: str, write: Callable[[], Awaitable[None]]) -> None:
    """Cancel a client, and write in each of its transactions after its search of all texts.

    It has no deadline. One that waits for a lock within a deadline may be run again, however soon the lock is free.
    """
    viewer = await viewer_of(api.portal, api.token or "", None)
    assert viewer is not None
    given = CancelClient(ids.number("Client", client), None)
    attempt = clients_of_partner.cancel.attempt(Context(api.portal, viewer), None, given, None)
    await api.portal.database.write(lambda tx: attempt(_Interrupted(tx, write)))


def _searches_orders(statement: str) -> bool:
    """Return whether it is the statement for orders, one in each search of all texts."""
    return "FROM orders" in statement and "orders.note IS NOT NULL" in statement


class _Interrupted:
    """Transaction, before whose first change another one is committed."""

    def __init__(self, tx: Transaction, write: Callable[[], Awaitable[None]]) -> None:
        self._tx, self._write, self._is_first = tx, write, True

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 — of the transaction.
        return getattr(self._tx, name)

    async def execute(self, statement: Statement[Row], values: Values = NO_VALUES) -> int:
        await self._interrupt()
        return await self._tx.execute(statement, values)

    async def execute_many(self, statement: Statement[Row], rows: Sequence[Values]) -> RowBatch[Row]:
        await self._interrupt()
        return await self._tx.execute_many(statement, rows)

    async def _interrupt(self) -> None:
        if self._is_first:
            self._is_first = False
            await self._write()


@asynccontextmanager
async def _cancelling(api: Api, client: str, activation: str) -> AsyncIterator[None]:
    """Hold the activation while the client is cancelled, which waits for it after its search of all texts."""
    database, number = api.portal.database, ids.number("Activation", activation)
    is_searched, waits = False, asyncio.Event()

    def observe(statement: str) -> None:
        nonlocal is_searched
        is_searched = is_searched or _searches_orders(statement)
        if is_searched and "FROM activations" in statement and "FOR NO KEY UPDATE" in statement:
            waits.set()

    async with writing(database) as tx:
        assert await activation_changes.locked(tx, api.partner_id, number) is not None
        database.observers.append(observe)
        cancelled = asyncio.ensure_future(api.done("cancelClient", "client { id }", {"clientId": client}))
        await waits.wait()
        yield
    await cancelled
    database.observers.remove(observe)
