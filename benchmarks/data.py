"""Database of all measurements: made once from a seed, and copied for each run.

It is the demo's world, made larger: fifty partners, of which the first has half the clients and most activations.
"""

import asyncio
import shutil
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from itertools import chain
from pathlib import Path
from random import Random
from typing import NamedTuple

from benchmarks.paths import CACHE, PROJECT
from db import access, partners, price_tables, products, tables, users
from db.access import NewToken
from db.doctor import checks
from db.engine import Database, Transaction, bulk, statistics
from db.migrations import migrate
from db.tables import metadata
from demo import catalogue
from demo.calendar import Calendar
from demo.catalogue import PRODUCTS, Partner, PriceTable
from demo.companies import Companies
from demo.making import put_prices, write
from demo.plan import Sizes, Step, plan
from demo.rows import Ids
from demo.world import PartnerHere, Year
from domain.access import Role, TokenKind

LARGE_PARTNER = 1
"""Id of the partner of every request."""

SECRET = "ppt_" + sha256(b"benchmarks").hexdigest()[:43]
"""Secret of the large partner's API token. It is only valid in a made-up database."""

_NOW = datetime(2026, 11, 1, tzinfo=UTC)
_BEGIN = datetime(2025, 1, 1, tzinfo=UTC)
"""Begin of the prices, before the first order."""

_LARGE = Sizes(clients=10_000, activations=60_000, orders=12_000)
_SMALL = Sizes(clients=10_000, activations=40_000, orders=8_000)
_SMALL_PARTNERS = 49
_ROLES = (Role.MANAGER, Role.OPERATOR, Role.OPERATOR, Role.VIEWER)
_NO_HASH = "!"
"""No password has this hash: users of the database never sign in, and a real hash would differ each time."""


class _Findings(Exception):  # noqa: N818 — its name is its content.
    """The doctor found errors in the made data."""


class _Here(NamedTuple):
    """Partner with its users."""

    partner: PartnerHere
    rng: Random
    sizes: Sizes


@cache
def database() -> Path:
    """Return the file of the database; make it if it is missing or was made by other code."""
    made = CACHE / f"portal-{_fingerprint()}.db"
    if not made.exists():
        print("Making the database (50 partners, 20,000 clients, 100,000 activations, 20,000 orders) …", flush=True)
        draft = made.with_suffix(".draft")
        draft.parent.mkdir(parents=True, exist_ok=True)
        draft.unlink(missing_ok=True)
        asyncio.run(make(f"sqlite+aiosqlite:///{draft}"))
        _settle_file(draft)
        for old in CACHE.glob("portal-*.db"):
            old.unlink()
        draft.rename(made)
    return made


def copy(into: Path) -> Path:
    """Return a copy of the database that one contender may write to."""
    for old in into.parent.glob(f"{into.name}*"):
        old.unlink()
    shutil.copyfile(database(), into)
    return into


def _fingerprint() -> str:
    """Return a hash of all that the database is made from, so that a change makes a new one."""
    sources = chain(
        [Path(__file__)],
        sorted((PROJECT / "db" / "tables").glob("*.py")),
        sorted((PROJECT / "db" / "migrations" / "versions").glob("*.py")),
        sorted((PROJECT / "demo").glob("*.py")),
    )
    return sha256(b"\0".join(source.read_bytes() for source in sources)).hexdigest()[:12]


async def make(url: str) -> None:
    """Fill an empty database."""
    migrate.upgrade(url)
    made = Database(url)
    try:

        async def fill(tx: Transaction) -> None:
            product_ids = await _products(tx)
            ids = Ids()
            for here in [await _partner(tx, place, product_ids) for place in range(1 + _SMALL_PARTNERS)]:
                year = Year(here.rng, here.partner, ids)
                await write(tx, here.partner.id, year.live(_steps(here), lived=lambda _: None))
            for table in (tables.clients, tables.orders, tables.activations):
                await bulk.number_on(tx, table)
            await _token(tx)
            await statistics.analyze(tx, *metadata.sorted_tables)

        await made.write(fill)
        findings = await checks.examine(made)
        if findings:
            raise _Findings(findings[:10])
    finally:
        await made.close()


def _settle_file(file: Path) -> None:
    """Leave one file without a log, with statistics for the planner."""
    connection = sqlite3.connect(file, isolation_level=None)
    for statement in ("VACUUM", "ANALYZE", "PRAGMA wal_checkpoint(TRUNCATE)", "PRAGMA journal_mode = DELETE"):
        connection.execute(statement)
    connection.close()


async def _products(tx: Transaction) -> Mapping[str, int]:
    return {
        product.code: await products.put(
            tx, code=product.code, name=product.name, included_seats=product.included_seats
        )
        for product in PRODUCTS
    }


async def _partner(tx: Transaction, place: int, product_ids: Mapping[str, int]) -> _Here:
    rng = Random(f"benchmarks {place}")  # noqa: S311 — made-up data must be the same each time.
    company = Companies(rng).another()
    table = PriceTable(f"Pauta {place:02d}", 100 + place % 5)
    partner = Partner(
        name=company.name,
        cnpj=company.cnpj,
        domain=f"revenda-{place:02d}.example",
        price_tables=(table,),
        share=0,
        people=catalogue.people("Ana Gerente", "Beto Operador", "Caio Consulta"),
    )
    partner_id = await partners.create(tx, name=partner.name, cnpj=partner.cnpj)
    if partner_id is None:
        message = "two partners were made up with one CNPJ: choose another seed"
        raise LookupError(message)
    users = [await _user(tx, partner_id, partner.domain, number, role) for number, role in enumerate(_ROLES, 1)]
    prices = await put_prices(tx, table, product_ids, begins_at=_BEGIN)
    await price_tables.assign(tx, partner_id, [prices.price_table_id], preselected_id=prices.price_table_id)
    here = PartnerHere(partner_id, users[0], users[1], prices)
    return _Here(here, rng, _LARGE if place == 0 else _share(place - 1))


async def _user(tx: Transaction, partner_id: int, domain: str, number: int, role: Role) -> int:
    user_id = await users.create(
        tx,
        partner_id,
        email=f"pessoa{number}@{domain}",
        name=f"Pessoa {number} da {domain.partition('.')[0].title()}",
        role=role,
        password_hash=_NO_HASH,
        proved_at=None,
    )
    if user_id is None:
        message = f"there is a user of {domain} already"
        raise LookupError(message)
    return user_id


def _share(place: int) -> Sizes:
    """Return the sizes of one of the small partners, which share the rest exactly."""
    return Sizes(*(total // _SMALL_PARTNERS + (place < total % _SMALL_PARTNERS) for total in _SMALL))


def _steps(here: _Here) -> Sequence[Step]:
    steps = plan(here.rng, Calendar(here.rng, _NOW), here.sizes)
    for step in steps:
        if step.order is not None:
            # Every order is of all three products. One that should buy fewer buys a few more than needed.
            for product in PRODUCTS:
                step.order.quantities.setdefault(product.code, here.rng.randint(1, 9))
    return steps


async def _token(tx: Transaction) -> None:
    found = await users.credentials(tx, "pessoa1@revenda-00.example")
    if found is None:
        message = "the large partner has no manager"
        raise LookupError(message)
    new = NewToken(
        user_id=found.user_id,
        kind=TokenKind.API,
        name="benchmarks",
        prefix=SECRET[:12],
        digest=sha256(SECRET.encode()).digest(),
        chosen=None,
        expires_at=None,
    )
    await access.add_token(tx, LARGE_PARTNER, new, at=_NOW)
