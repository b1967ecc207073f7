"""Workloads for every contender: documents, and many different variables for each."""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any, TypeVar

import orjson

from benchmarks import data
from db.engine.keyset import Keyset
from demo import names
from resolvers import cursors, ids

REQUESTS = 2_000
"""Number of different requests of a workload, so that no page is repeated soon."""

Variables = Mapping[str, Any]
_T = TypeVar("_T")

_ACTIVATION = """
      id activationKey authorizationCode status activatedAt note seats
      product { id name } client { id name cnpj } activatedBy { id name }
"""
_PAGE_INFO = "pageInfo { hasNextPage endCursor }"

CLIENT_BY_ID = """
query ClientById($id: ID!) {
  client(id: $id) { id name cnpj city state status }
}
"""
ACTIVATIONS = f"""
query Activations($first: Int!, $after: String) {{
  activations(first: $first, after: $after) {{
    nodes {{{_ACTIVATION}    }}
    {_PAGE_INFO}
  }}
}}
"""
ACTIVATIONS_OF_NAME = f"""
query ActivationsOfName($first: Int!, $name: String!) {{
  activations(first: $first, filter: {{clientName: $name}}) {{
    nodes {{{_ACTIVATION}    }}
    {_PAGE_INFO}
  }}
}}
"""
CLIENTS_WITH_ACTIVATIONS = f"""
query ClientsWithActivations($first: Int!, $after: String) {{
  clients(first: $first, after: $after) {{
    nodes {{
      id name
      activations(first: 10) {{ nodes {{ id activationKey status product {{ id name }} }} }}
    }}
    {_PAGE_INFO}
  }}
}}
"""
CREATE_ORDER = """
mutation CreateOrder($input: CreateOrderInput!) {
  createOrder(input: $input) {
    order {
      id number status totalWithSetupFee
      items { quantity bonusQuantity totalWithSetupFee product { id name } }
    }
    userErrors { code message }
  }
}
"""


@dataclass(frozen=True, slots=True)
class Workload:
    """One kind of request. `durability` is a commit's, as SQLite's pragma calls it."""

    name: str
    title: str
    operation: str
    document: str
    variables: Callable[[sqlite3.Connection, Random], Sequence[Variables]]
    durability: str = "FULL"

    def bodies(self, file: Path | None = None) -> list[bytes]:
        """Return the bodies of its requests, always the same for a database: that of the benchmarks, or another one."""
        connection = sqlite3.connect(f"file:{file or data.database()}?mode=ro", uri=True)
        try:
            # The seed is the document in the name, so that W4 requests the same orders with any durability.
            found = self.variables(connection, Random(self.operation))  # noqa: S311 — the same requests each time.
        finally:
            connection.close()
        return [
            orjson.dumps({"operationName": self.operation, "query": self.document, "variables": variables})
            for variables in found
        ]

    def write_bodies(self, file: Path) -> Path:
        """Return the file of its bodies, one per line."""
        file.write_bytes(b"\n".join(self.bodies()) + b"\n")
        return file


def _some(values: Sequence[_T], rng: Random) -> list[_T]:
    return rng.sample(values, min(REQUESTS, len(values)))


def _some_clients(connection: sqlite3.Connection, rng: Random) -> list[Variables]:
    found = connection.execute("SELECT id FROM clients WHERE partner_id = ? ORDER BY id", [data.LARGE_PARTNER])
    return [{"id": ids.encode("Client", client_id)} for (client_id,) in _some(found.fetchall(), rng)]


def _activation_cursors(connection: sqlite3.Connection) -> list[str]:
    found = connection.execute(
        "SELECT activated_at, id FROM activations WHERE partner_id = ? ORDER BY activated_at DESC, id DESC",
        [data.LARGE_PARTNER],
    )
    order = "activations.activated_at.desc"
    return [
        cursors.encode(order, data.LARGE_PARTNER, Keyset(datetime.fromisoformat(moment), activation_id))
        for moment, activation_id in found
    ]


def _pages_anywhere(connection: sqlite3.Connection, rng: Random) -> list[Variables]:
    return [{"first": 50, "after": after} for after in _some(_activation_cursors(connection), rng)]


def _pages_far_down(connection: sqlite3.Connection, rng: Random) -> list[Variables]:
    found = _activation_cursors(connection)
    around = found[min(49_000, len(found) - REQUESTS) :][:REQUESTS]
    return [{"first": 100, "after": after} for after in _some(around, rng)]


def _pages_of_clients(connection: sqlite3.Connection, rng: Random) -> list[Variables]:
    found = connection.execute(
        "SELECT name_folded, id FROM clients WHERE partner_id = ? AND status = 'ACTIVE' ORDER BY name_folded, id",
        [data.LARGE_PARTNER],
    )
    order = "clients.name_folded.asc"
    keys = [cursors.encode(order, data.LARGE_PARTNER, Keyset(name, client_id)) for name, client_id in found]
    return [{"first": 50, "after": after} for after in _some(keys[:-50], rng)]


def _names(_connection: sqlite3.Connection, rng: Random) -> list[Variables]:
    # Common words match thousands of activations, and a trade with a name a few dozens; people search both.
    words = [*names.TRADES, *names.NAMES, *names.FAMILIES]
    pairs = [f"{trade} {name}" for trade in names.TRADES for name in names.NAMES]
    chosen = words * 4 + rng.sample(pairs, REQUESTS - len(words) * 4)
    rng.shuffle(chosen)
    return [{"first": 50, "name": name} for name in chosen]


def _orders(connection: sqlite3.Connection, rng: Random) -> list[Variables]:
    products = [ids.encode("Product", row[0]) for row in connection.execute("SELECT id FROM products ORDER BY id")]
    return [
        {
            "input": {
                "type": "PURCHASE",
                "items": [{"productId": product, "quantity": rng.randint(1, 600)} for product in products],
            }
        }
        for _ in range(REQUESTS)
    ]


_W4 = Workload("W4", "createOrder of three items, synchronous=FULL", "CreateOrder", CREATE_ORDER, _orders)

WORKLOADS = (
    Workload("W1", "One client by its id", "ClientById", CLIENT_BY_ID, _some_clients),
    Workload("W2", "50 activations with product, client and user", "Activations", ACTIVATIONS, _pages_anywhere),
    Workload(
        "W3",
        "50 clients with 10 activations each and their product",
        "ClientsWithActivations",
        CLIENTS_WITH_ACTIVATIONS,
        _pages_of_clients,
    ),
    _W4,
    replace(_W4, name="W4n", title="createOrder of three items, synchronous=NORMAL", durability="NORMAL"),
    Workload("W5", "50 activations by a part of the client's name", "ActivationsOfName", ACTIVATIONS_OF_NAME, _names),
    Workload("W6", "100 activations, 50,000 rows down the list", "Activations", ACTIVATIONS, _pages_far_down),
)
ORDERS = _W4
"""Order that is written once per second during any measurement."""
