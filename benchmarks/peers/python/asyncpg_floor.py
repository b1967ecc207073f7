"""The limit of Python on PostgreSQL: the portal's statements by bare asyncpg, and dictionaries for orjson."""

import os
from base64 import urlsafe_b64encode
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from datetime import datetime
from typing import Any

import asyncpg
import orjson
import texts
from texts import PARTNER

_NAME = f"coalesce(clients.name, '{texts.REMOVED}') AS name"
_CLIENT_BY_ID = f"""
    SELECT clients.id, {_NAME}, clients.cnpj, clients.city, clients.state, clients.status
    FROM clients WHERE clients.partner_id = $1 AND clients.id = ANY($2::bigint[])
"""  # noqa: S608 — it is all constants of this module.
_ACTIVATIONS = f"""
    SELECT activations.id, activations.client_id, activations.product_id, activations.authorization_code,
        activations.activation_key, activations.seats, activations.note, activations.status, activations.activated_at,
        activations.activated_by_id, {_NAME}, clients.cnpj
    FROM activations LEFT OUTER JOIN clients
        ON clients.partner_id = activations.partner_id AND clients.id = activations.client_id
    WHERE activations.partner_id = $1 AND (activations.activated_at, activations.id) < ($2, $3::bigint)
    ORDER BY activations.activated_at DESC, activations.id DESC LIMIT $4::integer
"""  # noqa: S608 — it is all constants of this module.
_PRODUCTS = "SELECT id, name FROM products WHERE id = ANY($1::bigint[])"
_USERS = "SELECT id, name FROM users WHERE partner_id = $1 AND id = ANY($2::bigint[])"
_CLIENTS = f"""
    SELECT clients.id, {_NAME}, clients.name_folded FROM clients
    WHERE clients.partner_id = $1 AND clients.status = 'ACTIVE'
        AND (clients.name_folded, clients.id) > ($2 COLLATE "C", $3::bigint)
    ORDER BY clients.name_folded, clients.id LIMIT $4::integer
"""  # noqa: S608 — it is all constants of this module.
_OF_CLIENTS = """
    SELECT id, product_id, activation_key, status, client_id FROM (
        SELECT *, row_number() OVER (PARTITION BY client_id ORDER BY activated_at DESC, id DESC) AS place
        FROM activations WHERE partner_id = $1 AND client_id = ANY($2::bigint[])
    ) AS placed WHERE place <= 10 ORDER BY client_id, place
"""

Variables = Mapping[str, Any]
Message = MutableMapping[str, Any]

_connections: list[Any] = []


def _id(type_name: str, number: int) -> str:
    return urlsafe_b64encode(b"%s:%d" % (type_name.encode(), number)).rstrip(b"=").decode()


async def _client(connection: Any, given: Variables) -> Any:  # noqa: ANN401 — the driver has no types.
    found = await connection.fetch(_CLIENT_BY_ID, PARTNER, [texts.number_of("Client", given["id"])])
    nodes = [
        {"id": _id("Client", number), "name": name, "cnpj": cnpj, "city": city, "state": state, "status": status}
        for number, name, cnpj, city, state, status in found
    ]
    return {"client": nodes[0] if nodes else None}


async def _products(connection: Any, ids: Sequence[int]) -> Mapping[int, Any]:  # noqa: ANN401 — the driver has no types.
    found = await connection.fetch(_PRODUCTS, list(dict.fromkeys(ids)))
    return {number: {"id": _id("Product", number), "name": name} for number, name in found}


async def _activations(connection: Any, given: Variables) -> Any:  # noqa: ANN401 — the driver has no types.
    key, number = texts.position(texts.ACTIVATIONS, given["after"])
    first = given["first"]
    found = await connection.fetch(_ACTIVATIONS, PARTNER, datetime.fromisoformat(key), number, first + 1)
    rows = found[:first]
    products = await _products(connection, [row[2] for row in rows])
    people = await connection.fetch(_USERS, PARTNER, list({row[9] for row in rows}))
    users = {number: {"id": _id("User", number), "name": name} for number, name in people}
    nodes = [
        {
            "id": _id("Activation", row[0]),
            "activationKey": row[4],
            "authorizationCode": row[3],
            "status": row[7],
            "activatedAt": row[8],
            "note": row[6],
            "seats": row[5],
            "product": products[row[2]],
            "client": {"id": _id("Client", row[1]), "name": row[10], "cnpj": row[11]},
            "activatedBy": users[row[9]],
        }
        for row in rows
    ]
    end = texts.cursor(texts.ACTIVATIONS, rows[-1][8].isoformat(), rows[-1][0]) if rows else None
    return {"activations": {"nodes": nodes, "pageInfo": {"hasNextPage": len(found) > first, "endCursor": end}}}


async def _clients(connection: Any, given: Variables) -> Any:  # noqa: ANN401 — the driver has no types.
    key, number = texts.position(texts.CLIENTS, given["after"])
    first = given["first"]
    found = await connection.fetch(_CLIENTS, PARTNER, key, number, first + 1)
    rows = found[:first]
    activations = await connection.fetch(_OF_CLIENTS, PARTNER, [row[0] for row in rows])
    products = await _products(connection, [row[1] for row in activations])
    of_clients: dict[int, list[Any]] = {row[0]: [] for row in rows}
    for number, product_id, activation_key, status, client_id in activations:
        of_clients[client_id].append(
            {
                "id": _id("Activation", number),
                "activationKey": activation_key,
                "status": status,
                "product": products[product_id],
            }
        )
    nodes = [
        {"id": _id("Client", number), "name": name, "activations": {"nodes": of_clients[number]}}
        for number, name, _ in rows
    ]
    end = texts.cursor(texts.CLIENTS, rows[-1][2], rows[-1][0]) if rows else None
    return {"clients": {"nodes": nodes, "pageInfo": {"hasNextPage": len(found) > first, "endCursor": end}}}


_OPERATIONS: Mapping[str, Callable[[Any, Variables], Awaitable[Any]]] = {
    "ClientById": _client,
    "Activations": _activations,
    "ClientsWithActivations": _clients,
}


async def _answer(asked: Any) -> Any:  # noqa: ANN401 — JSON.
    run = _OPERATIONS.get(asked.get("operationName"))
    if run is None:
        return {"__typename": "Query"}
    connection = _connections.pop() if _connections else await asyncpg.connect(os.environ["POSTGRESQL"])
    try:
        return await run(connection, asked["variables"])
    finally:
        _connections.append(connection)


async def app(scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Any]) -> None:
    """Answer an operation of a workload, whatever its document selects."""
    if scope["type"] != "http":
        return
    parts, more = [], True
    while more:
        message = await receive()
        parts.append(message["body"])
        more = message.get("more_body", False)
    data = await _answer(orjson.loads(b"".join(parts)))
    body = orjson.dumps({"data": data}, option=orjson.OPT_UTC_Z)
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
