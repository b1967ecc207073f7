"""Ariadne as its documentation shows it: the schema in its own language, resolvers by field, dataloaders by request."""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from sqlite3 import Row
from typing import Any

import aiosqlite
import texts
from aiodataloader import DataLoader
from ariadne import MutationType, ObjectType, QueryType, load_schema_from_path, make_executable_schema
from ariadne.asgi import GraphQL
from texts import PARTNER, USER

_CLIENT = f"id, coalesce(name, '{texts.REMOVED}') AS name, name_folded, cnpj, city, state, status"
_ACTIVATION = """
    id, activation_key AS activationKey, authorization_code AS authorizationCode, status, activated_at, note, seats,
    product_id, client_id, activated_by_id
"""
_GIVEN = "IN (SELECT value FROM json_each(:ids))"

Record = Mapping[str, Any]


class Connections:
    """One connection to read, and one to write, opened on first use."""

    def __init__(self) -> None:
        """Open nothing yet."""
        self._opening = asyncio.Lock()
        self._opened: list[aiosqlite.Connection] = []
        self.writing = asyncio.Lock()

    async def _both(self) -> list[aiosqlite.Connection]:
        async with self._opening:
            while len(self._opened) < 2:  # noqa: PLR2004 — one to read, one to write.
                connection = await aiosqlite.connect(os.environ["DATABASE"], isolation_level=None)
                connection.row_factory = Row
                for pragma in json.loads(os.environ["PRAGMAS"]):
                    await connection.execute(pragma)
                self._opened.append(connection)
        return self._opened

    async def all(self, statement: str, **given: object) -> list[Record]:
        """Every row of the answer."""
        reader = (self._opened or await self._both())[0]
        return [dict(row) for row in await reader.execute_fetchall(statement, given)]

    async def writer(self) -> aiosqlite.Connection:
        """The connection to write with; the caller holds the lock."""
        return (await self._both())[1]


_connections = Connections()


def _by_id(statement: str) -> Callable[[list[int]], Awaitable[list[Record | None]]]:
    async def load(ids: list[int]) -> list[Record | None]:
        rows = await _connections.all(statement, partner=PARTNER, ids=json.dumps(ids))
        found = {row["id"]: row for row in rows}
        return [found.get(key) for key in ids]

    return load


_products = _by_id(f"SELECT id, name FROM products WHERE id {_GIVEN}")  # noqa: S608 — a constant.
_clients = _by_id(f"SELECT {_CLIENT} FROM clients WHERE partner_id = :partner AND id {_GIVEN}")  # noqa: S608 — too.
_users = _by_id(f"SELECT id, name FROM users WHERE partner_id = :partner AND id {_GIVEN}")  # noqa: S608 — too.


def _grouped(rows: Sequence[Record], key: str, ids: Sequence[int]) -> list[list[Record]]:
    found: dict[int, list[Record]] = {}
    for row in rows:
        found.setdefault(row[key], []).append(row)
    return [found.get(each, []) for each in ids]


async def _items_of_orders(ids: list[int]) -> list[list[Record]]:
    rows = await _connections.all(
        "SELECT order_id, product_id, quantity, bonus_quantity AS bonusQuantity, "  # noqa: S608 — a constant.
        "(unit_monthly_price + unit_setup_fee) * quantity AS total FROM order_items "
        f"WHERE partner_id = :partner AND order_id {_GIVEN} ORDER BY id",
        partner=PARTNER,
        ids=json.dumps(ids),
    )
    return _grouped(rows, "order_id", ids)


class Loaders:
    """The loaders of one request."""

    def __init__(self) -> None:
        """Begin with nothing loaded."""
        self.product: DataLoader[int, Record | None] = DataLoader(_products)
        self.client: DataLoader[int, Record | None] = DataLoader(_clients)
        self.user: DataLoader[int, Record | None] = DataLoader(_users)
        self.items_of_order: DataLoader[int, list[Record]] = DataLoader(_items_of_orders)
        self._activations: dict[int, DataLoader[int, list[Record]]] = {}

    def activations_of_client(self, first: int) -> "DataLoader[int, list[Record]]":
        """The newest activations by client, and one more."""

        async def load(ids: list[int]) -> list[list[Record]]:
            rows = await _connections.all(
                f"SELECT * FROM (SELECT {_ACTIVATION}, row_number() OVER "  # noqa: S608 — a constant.
                "(PARTITION BY client_id ORDER BY activated_at DESC, id DESC) AS place FROM activations "
                f"WHERE partner_id = :partner AND client_id {_GIVEN}) WHERE place <= :limit ORDER BY client_id, place",
                partner=PARTNER,
                ids=json.dumps(ids),
                limit=first + 1,
            )
            return _grouped(rows, "client_id", ids)

        if first not in self._activations:
            self._activations[first] = DataLoader(load)
        return self._activations[first]


def _page(rows: list[Record], first: int, cursor: Callable[[Record], str]) -> Record:
    shown = rows[:first]
    end = cursor(shown[-1]) if shown else None
    return {"nodes": shown, "pageInfo": {"hasNextPage": len(rows) > first, "endCursor": end}}


def _activation_cursor(row: Record) -> str:
    return texts.activation_cursor(row["activated_at"], row["id"])


query, mutation = QueryType(), MutationType()
client, activation, order, order_item = (ObjectType(name) for name in ("Client", "Activation", "Order", "OrderItem"))
product, user = ObjectType("Product"), ObjectType("User")


def _global_id(type_name: str) -> Callable[..., str]:
    return lambda row, _info: texts.global_id(type_name, row["id"])


for each in (client, activation, product, user, order):
    each.set_field("id", _global_id(each.name))


@query.field("client")
async def resolve_client(_root: None, info: Any, id: str) -> Record | None:  # noqa: A002, ANN401 — Ariadne's.
    """Find the client with this id."""
    return await info.context["loaders"].client.load(texts.number_of("Client", id))


@query.field("clients")
async def resolve_clients(_root: None, _info: object, first: int, after: str | None = None) -> Record:
    """Active clients by name."""
    condition, given = "", {}
    if after is not None:
        condition = "AND (name_folded, id) > (:key, :id)"
        given = dict(zip(("key", "id"), texts.position(texts.CLIENTS, after), strict=True))
    rows = await _connections.all(
        f"SELECT {_CLIENT} FROM clients WHERE partner_id = :partner AND status = 'ACTIVE' {condition} "  # noqa: S608
        "ORDER BY name_folded, id LIMIT :limit",
        partner=PARTNER,
        limit=first + 1,
        **given,
    )
    return _page(rows, first, lambda row: texts.cursor(texts.CLIENTS, row["name_folded"], row["id"]))


@query.field("activations")
async def resolve_activations(
    _root: None,
    _info: object,
    first: int,
    after: str | None = None,
    filter: Mapping[str, str] | None = None,  # noqa: A002 — the schema's name.
) -> Record:
    """Activations, newest first."""
    conditions, given = [""], {}
    if filter and filter.get("clientName") is not None:
        conditions.append(
            "client_id IN (SELECT id FROM clients WHERE partner_id = :partner AND names_folded LIKE :name ESCAPE '/')"
        )
        given["name"] = texts.anywhere(filter["clientName"])
    if after is not None:
        conditions.append("(activated_at, id) < (:key, :id)")
        given |= dict(zip(("key", "id"), texts.activation_position(after), strict=True))
    rows = await _connections.all(
        f"SELECT {_ACTIVATION} FROM activations WHERE partner_id = :partner {' AND '.join(conditions)} "  # noqa: S608
        "ORDER BY activated_at DESC, id DESC LIMIT :limit",
        partner=PARTNER,
        limit=first + 1,
        **given,
    )
    return _page(rows, first, _activation_cursor)


@client.field("activations")
async def resolve_activations_of_client(row: Record, info: Any, first: int) -> Record:  # noqa: ANN401 — Ariadne's.
    """The client's activations, newest first."""
    rows = await info.context["loaders"].activations_of_client(first).load(row["id"])
    return _page(rows, first, _activation_cursor)


@activation.field("activatedAt")
def resolve_activated_at(row: Record, _info: object) -> str:
    """When it began."""
    return texts.shown_moment(row["activated_at"])


@activation.field("product")
@order_item.field("product")
def resolve_product(row: Record, info: Any) -> Awaitable[Record | None]:  # noqa: ANN401 — Ariadne's.
    """The product."""
    return info.context["loaders"].product.load(row["product_id"])


@activation.field("client")
def resolve_client_of_activation(row: Record, info: Any) -> Awaitable[Record | None]:  # noqa: ANN401 — Ariadne's.
    """The client."""
    return info.context["loaders"].client.load(row["client_id"])


@activation.field("activatedBy")
def resolve_activated_by(row: Record, info: Any) -> Awaitable[Record | None]:  # noqa: ANN401 — Ariadne's.
    """Who activated it."""
    return info.context["loaders"].user.load(row["activated_by_id"])


@order.field("items")
def resolve_items(row: Record, info: Any) -> Awaitable[list[Record]]:  # noqa: ANN401 — Ariadne's.
    """The lines."""
    return info.context["loaders"].items_of_order.load(row["id"])


@order.field("totalWithSetupFee")
@order_item.field("totalWithSetupFee")
def resolve_total(row: Record, _info: object) -> str:
    """What it comes to."""
    return texts.reais(row["total"])


_PRICES = """
    SELECT p.id AS product, t.unit_monthly_price AS monthly, t.unit_setup_fee AS setup, t.bonus_quantity AS bonus,
        p.included_seats AS included, v.price_table_id AS price_table, v.id AS version, t.minimum_quantity AS minimum
    FROM price_tiers t JOIN products p ON p.id = t.product_id JOIN price_table_versions v ON v.id = t.version_id
    WHERE t.version_id = (
        SELECT v.id FROM price_table_versions v JOIN partner_price_tables a ON a.price_table_id = v.price_table_id
        WHERE a.partner_id = ? AND a.preselected AND v.begins_at <= ? ORDER BY v.begins_at DESC, v.number DESC LIMIT 1
    ) AND t.order_type = ? AND t.product_id IN (SELECT value FROM json_each(?))
    ORDER BY t.minimum_quantity DESC
"""


@mutation.field("createOrder")
async def resolve_create_order(_root: None, _info: object, input: Any) -> Record:  # noqa: A002, ANN401 — Ariadne's.
    """Create a pending order."""
    async with _connections.writing:
        writer = await _connections.writer()
        await writer.execute("BEGIN IMMEDIATE")
        try:
            written = await _written(writer, input["type"], input["items"])
            await writer.commit()
        except BaseException:
            await writer.rollback()
            raise
    return {"order": written, "userErrors": []}


async def _written(writer: aiosqlite.Connection, order_type: str, items: list[Any]) -> Record:
    now = texts.stored_now()
    wanted = {texts.number_of("Product", item["productId"]): item["quantity"] for item in items}
    tiers = list(await writer.execute_fetchall(_PRICES, [PARTNER, now, order_type, json.dumps(list(wanted))]))
    lines = [
        (quantity, next(tier for tier in tiers if tier["product"] == product and tier["minimum"] <= quantity))
        for product, quantity in wanted.items()
    ]
    monthly = sum(quantity * tier["monthly"] for quantity, tier in lines)
    setup = sum(quantity * tier["setup"] for quantity, tier in lines)
    numbers = next(
        iter(
            await writer.execute_fetchall(
                "UPDATE partner_counters SET order_number = order_number + 1, event_number = event_number + 1 "
                "WHERE partner_id = ? RETURNING order_number, event_number",
                [PARTNER],
            )
        )
    )
    of_table = lines[0][1]["price_table"], lines[0][1]["version"]
    inserted = await writer.execute_insert(
        "INSERT INTO orders (partner_id, number, type, status, price_table_id, price_table_version_id, monthly_total, "
        "setup_fee_total, created_at, created_by_id) VALUES (?, ?, ?, 'PENDING', ?, ?, ?, ?, ?, ?)",
        [PARTNER, numbers[0], order_type, *of_table, monthly, setup, now, USER],
    )
    order_id = inserted[0] if inserted else 0
    await writer.executemany(
        "INSERT INTO order_items (partner_id, order_id, product_id, quantity, bonus_quantity, seats, "
        "unit_monthly_price, unit_setup_fee) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                PARTNER,
                order_id,
                tier["product"],
                quantity,
                tier["bonus"],
                (quantity + tier["bonus"]) * (tier["included"] if order_type == "PURCHASE" else 1),
                tier["monthly"],
                tier["setup"],
            )
            for quantity, tier in lines
        ],
    )
    await writer.execute(
        "INSERT INTO events (partner_id, number, type, occurred_at, actor_id, order_id) "
        "VALUES (?, ?, 'ORDER_CREATED', ?, ?, ?)",
        [PARTNER, numbers[1], now, USER, order_id],
    )
    return {"id": order_id, "number": numbers[0], "status": "PENDING", "total": monthly + setup}


_SDL = load_schema_from_path(str(Path(__file__).parent.parent / "schema.graphql"))
schema = make_executable_schema(_SDL, query, mutation, client, activation, product, user, order, order_item)
app = GraphQL(schema, context_value=lambda _request, _data: {"loaders": Loaders()}, introspection=False, explorer=None)
