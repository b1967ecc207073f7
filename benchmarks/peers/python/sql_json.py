"""The limit of the data: SQLite itself writes the JSON, and almost nothing else runs before the socket."""

import json
import os
import sqlite3
from collections.abc import Callable, Mapping
from typing import Any

import orjson
import texts
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from texts import PARTNER, USER

_connection = sqlite3.connect(os.environ["DATABASE"], isolation_level=None, cached_statements=256)
for pragma in json.loads(os.environ["PRAGMAS"]):
    _connection.execute(pragma)
# SQLite has no base64 of its own.
_connection.create_function("global_id", 2, texts.global_id, deterministic=True)

_NAME = f"coalesce(c.name, '{texts.REMOVED}')"
_PRODUCT = "json_object('id', global_id('Product', p.id), 'name', p.name)"
_CLIENT_BY_ID = f"""
    SELECT json_object('id', global_id('Client', c.id), 'name', {_NAME}, 'cnpj', c.cnpj, 'city', c.city,
        'state', c.state, 'status', c.status)
    FROM clients c WHERE c.partner_id = ? AND c.id = ?
"""  # noqa: S608 — it is all constants of this module.


def _activations(conditions: str) -> str:
    """Return the SQL for the JSON of the nodes, whether there are more, and the key of the last one."""
    return f"""
        WITH page AS MATERIALIZED (
            SELECT *, row_number() OVER (ORDER BY activated_at DESC, id DESC) AS place FROM (
                SELECT id, activation_key, authorization_code, status, activated_at, note, seats, product_id,
                    client_id, activated_by_id
                FROM activations WHERE partner_id = :partner {conditions}
                ORDER BY activated_at DESC, id DESC LIMIT :first + 1
            )
        )
        SELECT json_group_array(json_object('id', global_id('Activation', a.id), 'activationKey', a.activation_key,
                'authorizationCode', a.authorization_code, 'status', a.status,
                'activatedAt', replace(a.activated_at, '.000000Z', 'Z'), 'note', a.note, 'seats', a.seats,
                'product', {_PRODUCT},
                'client', json_object('id', global_id('Client', c.id), 'name', {_NAME}, 'cnpj', c.cnpj),
                'activatedBy', json_object('id', global_id('User', u.id), 'name', u.name))),
            (SELECT count(*) > :first FROM page),
            (SELECT activated_at FROM page WHERE place <= :first ORDER BY place DESC LIMIT 1),
            (SELECT id FROM page WHERE place <= :first ORDER BY place DESC LIMIT 1)
        FROM page a CROSS JOIN products p ON p.id = a.product_id CROSS JOIN clients c ON c.id = a.client_id
            CROSS JOIN users u ON u.id = a.activated_by_id
        WHERE a.place <= :first
    """  # noqa: S608 — the conditions are constants of this module.


_AFTER = "AND (activated_at, id) < (:key, :id)"
_OF_NAME = """
    AND client_id IN (SELECT id FROM clients WHERE partner_id = :partner AND names_folded LIKE :name ESCAPE '/')
"""
_ACTIVATIONS, _ACTIVATIONS_OF_NAME = _activations(_AFTER), _activations(_OF_NAME)
_CLIENTS = f"""
    WITH page AS MATERIALIZED (
        SELECT *, row_number() OVER (ORDER BY name_folded, id) AS place FROM (
            SELECT id, name, name_folded FROM clients
            WHERE partner_id = :partner AND status = 'ACTIVE' AND (name_folded, id) > (:key, :id)
            ORDER BY name_folded, id LIMIT :first + 1
        )
    )
    SELECT json_group_array(json_object('id', global_id('Client', c.id), 'name', {_NAME},
            'activations', json_object('nodes', (
                SELECT json_group_array(json_object('id', global_id('Activation', a.id),
                    'activationKey', a.activation_key, 'status', a.status, 'product', {_PRODUCT}))
                FROM (SELECT id, activation_key, status, product_id FROM activations
                    WHERE partner_id = :partner AND client_id = c.id ORDER BY activated_at DESC, id DESC LIMIT 10) a
                CROSS JOIN products p ON p.id = a.product_id
            )))),
        (SELECT count(*) > :first FROM page),
        (SELECT name_folded FROM page WHERE place <= :first ORDER BY place DESC LIMIT 1),
        (SELECT id FROM page WHERE place <= :first ORDER BY place DESC LIMIT 1)
    FROM page c WHERE c.place <= :first
"""  # noqa: S608 — it is all constants of this module.

Variables = Mapping[str, Any]


def _client(variables: Variables) -> str:
    found = _connection.execute(_CLIENT_BY_ID, [PARTNER, texts.number_of("Client", variables["id"])]).fetchone()
    return f'"client":{found[0] if found else "null"}'


def _page(field: str, nodes: str, *, more: int, end: str | None) -> str:
    info = json.dumps({"hasNextPage": bool(more), "endCursor": end}, separators=(",", ":"))
    return f'"{field}":{{"nodes":{nodes},"pageInfo":{info}}}'


def _page_of_activations(statement: str, given: Variables) -> str:
    nodes, more, moment, number = _connection.execute(statement, {"partner": PARTNER, **given}).fetchone()
    end = None if moment is None else texts.activation_cursor(moment, number)
    return _page("activations", nodes, more=more, end=end)


def _activations_after(variables: Variables) -> str:
    key, number = texts.activation_position(variables["after"])
    return _page_of_activations(_ACTIVATIONS, {"first": variables["first"], "key": key, "id": number})


def _activations_of_name(variables: Variables) -> str:
    given = {"first": variables["first"], "name": texts.anywhere(variables["name"])}
    return _page_of_activations(_ACTIVATIONS_OF_NAME, given)


def _clients(variables: Variables) -> str:
    key, number = texts.position(texts.CLIENTS, variables["after"])
    given = {"partner": PARTNER, "first": variables["first"], "key": key, "id": number}
    nodes, more, name, last = _connection.execute(_CLIENTS, given).fetchone()
    return _page("clients", nodes, more=more, end=None if name is None else texts.cursor(texts.CLIENTS, name, last))


_PRICES = """
    SELECT p.id, p.name, t.unit_monthly_price, t.unit_setup_fee, t.bonus_quantity, p.included_seats,
        v.price_table_id, v.id, max(t.minimum_quantity)
    FROM price_tiers t JOIN products p ON p.id = t.product_id JOIN price_table_versions v ON v.id = t.version_id
    WHERE t.version_id = (
        SELECT v.id FROM price_table_versions v JOIN partner_price_tables a ON a.price_table_id = v.price_table_id
        WHERE a.partner_id = ? AND a.preselected AND v.begins_at <= ? ORDER BY v.begins_at DESC, v.number DESC LIMIT 1
    ) AND t.product_id = ? AND t.order_type = ? AND t.minimum_quantity <= ?
"""


def _create_order(variables: Variables) -> str:
    given = variables["input"]
    _connection.execute("BEGIN IMMEDIATE")
    try:
        order = _written(given["type"], given["items"])
        _connection.execute("COMMIT")
    except BaseException:
        _connection.execute("ROLLBACK")
        raise
    return f'"createOrder":{{"order":{json.dumps(order, separators=(",", ":"))},"userErrors":[]}}'


def _written(order_type: str, items: list[Any]) -> dict[str, Any]:
    """Write an order with the least that leaves the data consistent."""
    run, now = _connection.execute, texts.stored_now()
    lines = []
    for item in items:
        product, quantity = texts.number_of("Product", item["productId"]), item["quantity"]
        lines.append((quantity, *run(_PRICES, [PARTNER, now, product, order_type, quantity]).fetchone()))
    monthly = sum(quantity * price for quantity, _, _, price, *_ in lines)
    setup = sum(quantity * fee for quantity, _, _, _, fee, *_ in lines)
    numbers = run(
        "UPDATE partner_counters SET order_number = order_number + 1, event_number = event_number + 1 "
        "WHERE partner_id = ? RETURNING order_number, event_number",
        [PARTNER],
    ).fetchone()
    order_id = run(
        "INSERT INTO orders (partner_id, number, type, status, price_table_id, price_table_version_id, monthly_total, "
        "setup_fee_total, created_at, created_by_id) VALUES (?, ?, ?, 'PENDING', ?, ?, ?, ?, ?, ?)",
        [PARTNER, numbers[0], order_type, *lines[0][7:9], monthly, setup, now, USER],
    ).lastrowid
    _connection.executemany(
        "INSERT INTO order_items (partner_id, order_id, product_id, quantity, bonus_quantity, seats, "
        "unit_monthly_price, unit_setup_fee) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (PARTNER, order_id, product, quantity, bonus, seats * (quantity + bonus), price, fee)
            for quantity, product, _, price, fee, bonus, seats, *_ in lines
        ],
    )
    run(
        "INSERT INTO events (partner_id, number, type, occurred_at, actor_id, order_id) "
        "VALUES (?, ?, 'ORDER_CREATED', ?, ?, ?)",
        [PARTNER, numbers[1], now, USER, order_id],
    )
    return {
        "id": texts.global_id("Order", order_id or 0),
        "number": numbers[0],
        "status": "PENDING",
        "totalWithSetupFee": texts.reais(monthly + setup),
        "items": [
            {
                "quantity": quantity,
                "bonusQuantity": bonus,
                "totalWithSetupFee": texts.reais(quantity * (price + fee)),
                "product": {"id": texts.global_id("Product", product), "name": name},
            }
            for quantity, product, name, price, fee, bonus, *_ in lines
        ],
    }


_OPERATIONS: Mapping[str, Callable[[Variables], str]] = {
    "ClientById": _client,
    "Activations": _activations_after,
    "ActivationsOfName": _activations_of_name,
    "ClientsWithActivations": _clients,
    "CreateOrder": _create_order,
}


async def _answer(request: Request) -> Response:
    asked = orjson.loads(await request.body())
    operation = _OPERATIONS.get(asked.get("operationName", ""))
    data = "" if operation is None else operation(asked["variables"])
    return Response(f'{{"data":{{{data}}}}}', media_type="application/json")


app = Starlette(routes=[Route("/graphql", _answer, methods=["POST"])])
