"""`python -m benchmarks.cancellation`: how long `cancelClient` takes for a client with many activations.

The partner has as many activations of other clients, whose notes and keys are searched too.
"""

import argparse
import asyncio
import cProfile
import pstats
import statistics
import tempfile
import time
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import sqlalchemy as sa

from db import access, users
from db.access import NewToken
from db.engine import Database, Transaction
from db.migrations import migrate
from db.tables import license_stock, partner_counters, partners, products
from domain.access import Role, TokenKind
from resolvers.access import viewer_of
from resolvers.clients import CancelClient, cancel
from resolvers.context import Context
from resolvers.portal import Portal

_SECRET = "ppt_" + sha256(b"cancellation").hexdigest()[:43]
_NO_HASH = "!"
_NOW = datetime(2026, 11, 1, tzinfo=UTC)
_PARTNER, _PRODUCT = 1, 1
_CLIENT = """INSERT INTO clients (id, partner_id, cnpj, name, name_folded, trade_name_folded, names_folded, city_folded,
        status, registered_at)
    VALUES ({client}, 1, '{cnpj}', 'Padaria {client} Ltda', 'padaria {client} ltda', '', 'padaria {client} ltda', '',
        'ACTIVE', '2026-07-01T12:00:00.000000Z')"""
_ACTIVATIONS = """INSERT INTO activations (partner_id, client_id, product_id, authorization_code, activation_key, seats,
        additional_seats, note, note_folded, client_name_folded, status, activated_at, activated_by_id)
    SELECT 1, {client}, 1, '{client}-' || i, 'KEY-{client}-' || i, 2, 1, CASE WHEN i % 3 = 0 THEN 'Caixa ' || i END,
        CASE WHEN i % 3 = 0 THEN 'caixa ' || i END, 'padaria {client} ltda', 'ACTIVE', '2026-07-01T12:00:00.000000Z', 1
    FROM (WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows}) SELECT i FROM n) AS more"""


def main() -> None:
    """Measure cancellations of several clients, each with so many activations."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--activations", type=int, default=10_000)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--postgresql", metavar="URL", help="an empty database, instead of a SQLite file")
    options.add_argument("--profile", action="store_true", help="print where the first one spends its time")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = given.postgresql or f"sqlite+aiosqlite:///{Path(folder, 'portal.db')}"
        migrate.upgrade(url)
        taken = asyncio.run(_measure(url, given.activations, given.rounds, profiled=given.profile))
    rounds = " ".join(f"{seconds * 1000:.0f}" for seconds in taken)
    print(f"{given.activations:>9,} activations {statistics.median(taken) * 1000:6.0f} ms  ({rounds})")


async def _measure(url: str, rows: int, rounds: int, *, profiled: bool) -> list[float]:
    database = Database(url)
    portal = Portal(database, secret=b"s" * 32)
    try:
        await database.write(lambda tx: _fill(tx, rows, rounds))
        viewer = await viewer_of(portal, _SECRET, None)
        if viewer is None:
            raise AssertionError
        taken = []
        for client in range(1, rounds + 1):
            profile = cProfile.Profile()
            began = time.perf_counter()
            if profiled and client == 1:
                profile.enable()
            await cancel(Context(portal, viewer), CancelClient(client, None))
            taken.append(time.perf_counter() - began)
            if profiled and client == 1:
                profile.disable()
                pstats.Stats(profile).sort_stats("tottime").print_stats(25)
        return taken
    finally:
        await database.close()


async def _fill(tx: Transaction, rows: int, rounds: int) -> None:
    clients = range(1, rounds + 2)

    def partner(connection: sa.Connection) -> None:
        own = {"id": _PARTNER, "name": "P", "name_folded": "p", "cnpj": "1"}
        counters = {"partner_id": _PARTNER, "order_number": 0, "event_number": 0, "event_hash": b""}
        product = {"id": _PRODUCT, "code": "A", "name": "A", "included_seats": 1, "active": True}
        number = rows * len(clients)
        stock = {"partner_id": _PARTNER, "product_id": _PRODUCT, "purchased": number, "bonus": 0, "activated": number}
        stock |= {"additional_seats_total": number, "additional_seats_allocated": number}
        for table, line in ((partners, own), (partner_counters, counters), (products, product), (license_stock, stock)):
            connection.execute(sa.insert(table).values(line))

    def activations(connection: sa.Connection) -> None:
        for client in clients:
            connection.exec_driver_sql(_CLIENT.format(client=client, cnpj=10**13 + client))
            connection.exec_driver_sql(_ACTIVATIONS.format(client=client, rows=rows))
        connection.exec_driver_sql("ANALYZE")

    await tx.inspect(partner)
    user_id = await users.create(
        tx, _PARTNER, email="a@a.example", name="Ana", role=Role.MANAGER, password_hash=_NO_HASH, proved_at=None
    )
    if user_id is None:
        raise AssertionError
    token = NewToken(user_id, TokenKind.API, "x", "ppt", sha256(_SECRET.encode()).digest(), None, None)
    await access.add_token(tx, _PARTNER, token, at=_NOW)
    await tx.inspect(activations)


if __name__ == "__main__":
    main()
