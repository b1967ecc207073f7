"""Factories, one for each thing: `add_…` writes rows in a transaction, `new_…` a whole object of a portal.

Each has defaults for everything, so that a test names only what matters to it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from secrets import randbits
from typing import NamedTuple
from uuid import uuid4

import httpx
import sqlalchemy as sa
from pyotp import TOTP, random_base32

from db import (
    access,
    client_changes,
    partners,
    price_drafts,
    price_tables,
    price_versions,
    products,
    second_factors,
    tables,
    users,
)
from db.access import NewToken
from db.client_changes import ClientDetails
from db.engine import Transaction
from db.engine.expressions import KEEPING_KEYS
from db.engine.filters import value, values_of
from db.engine.statement import Statement
from db.tables import activations, price_table_versions, price_tiers
from domain.access import Permissions, Role, TokenKind
from domain.activations import AUTHORIZATION_CODE_BITS, ActivationStatus, authorization_code
from domain.money import Cents
from domain.orders import OrderType
from domain.prices import Tier
from domain.text import fold
from resolvers import ids
from resolvers.access import new_secret
from resolvers.partners import NewVendor, vendor_id
from resolvers.portal import Portal
from resolvers.second_factor_codes import renewed, sealed_secret
from tests import cnpjs
from tests.api import Api
from tests.units import execute, insert, writing

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
EVER = datetime(1970, 1, 1, tzinfo=UTC)

# Compiled once: to compile them for each product takes longer than to run them.
_FIRST_VERSION: Statement[int] = Statement(
    sa.select(price_table_versions.c.id)
    .where(price_table_versions.c.price_table_id == sa.bindparam("table"), price_table_versions.c.number == 1)
    # Each of several transactions at the same time has to count the tiers of all.
    .with_for_update(key_share=KEEPING_KEYS),
    value,
)
_COUNT_TIERS = Statement(
    sa.update(price_table_versions)
    .where(price_table_versions.c.id == sa.bindparam("version"))
    .values(dict(zip(("tier_count", "tier_sum"), price_versions.counted(), strict=True))),
    values_of,
)


class Token(NamedTuple):
    """Token of a user, with the secret that only its owner has."""

    id: int
    secret: str
    digest: bytes


class App(NamedTuple):
    """Authenticator app of a user, and the recovery codes that the user keeps."""

    secret: str
    recovery_codes: tuple[str, ...]

    def code(self, at: datetime, *, later: int = 0) -> str:
        """Return the code of that time, or of a number of steps later."""
        return TOTP(self.secret).at(at + later * timedelta(seconds=30))


async def add_bare_partner(tx: Transaction, cnpj: str, name: str = "Alfa") -> None:
    """Add a partner by a single statement, for tests of what happens between two statements."""
    await execute(tx, sa.insert(tables.partners).values(cnpj=cnpj, name=name, name_folded=fold(name)))


async def add_partner(tx: Transaction, *, name: str = "Alfa") -> int:
    """Add a partner with an empty price table of its own, “Pauta” and its id, and return its id."""
    partner_id = await partners.create(tx, name=name, cnpj=cnpjs.another())
    assert partner_id is not None
    table_id = await add_price_table(tx, name=f"Pauta {partner_id}")
    await price_tables.assign(tx, partner_id, [table_id], preselected_id=table_id)
    return partner_id


async def add_price_table(tx: Transaction, *, name: str | None = None) -> int:
    """Add a price table with a published version without prices, in force at all times, and return its id."""
    table_id = await price_tables.create(tx, name or f"Pauta {uuid4()}")
    assert table_id is not None
    version_id = await price_drafts.create(tx, table_id, at=EVER)
    await price_drafts.publish(tx, version_id, begins_at=EVER, by_id=None, at=EVER)
    return table_id


async def add_prices(
    tx: Transaction, table_id: int, product_ids: Sequence[int], tiers: Mapping[OrderType, list[Tier]]
) -> None:
    """Add tiers of new products to the first version of a price table, as if it had been published with them."""
    (version_id,) = await tx.fetch(_FIRST_VERSION, {"table": table_id})
    lines = [
        {"version_id": version_id, "product_id": product_id, "order_type": order_type, **asdict(each)}
        for product_id in product_ids
        for order_type, of_type in tiers.items()
        for each in of_type
    ]
    await insert(tx, price_tiers, lines)
    await tx.execute(_COUNT_TIERS, {"version": version_id})


async def add_user(
    tx: Transaction,
    partner_id: int,
    *,
    email: str | None = None,
    role: Role = Role.MANAGER,
    password_hash: str = "none",  # noqa: S107 — no password has it.
    proved_at: datetime | None = EVER,
) -> int:
    """Add a user of the partner, whose address is proved, and return their id."""
    email = email or f"{uuid4()}@alfa.example"
    user_id = await users.create(
        tx, partner_id, email=email, name="Ana", role=role, password_hash=password_hash, proved_at=proved_at
    )
    assert user_id is not None
    return user_id


async def add_app(tx: Transaction, portal: Portal, partner_id: int, user_id: int) -> App:
    """Add a confirmed authenticator app of the user, with recovery codes."""
    app = await add_unconfirmed_app(tx, portal, partner_id, user_id)
    await second_factors.confirm(tx, partner_id, user_id, 0, at=portal.now())
    return app._replace(recovery_codes=await renewed(tx, portal, (partner_id, user_id)))


async def add_unconfirmed_app(tx: Transaction, portal: Portal, partner_id: int, user_id: int) -> App:
    """Add an authenticator app of the user, which no code has confirmed yet."""
    secret = random_base32()
    sealed = sealed_secret(portal, (partner_id, user_id), secret)
    await second_factors.enroll(tx, partner_id, user_id, sealed, at=portal.now())
    return App(secret, ())


async def add_token(
    tx: Transaction,
    partner_id: int,
    user_id: int,
    *,
    at: datetime,
    kind: TokenKind = TokenKind.API,
    chosen: Permissions | None = None,
    expires_at: datetime | None = None,
) -> Token:
    """Add a token that has all permissions of the user's role, or the chosen ones."""
    secret = new_secret(kind)
    new = NewToken(user_id, kind, "test", secret.prefix, secret.digest, chosen, expires_at)
    return Token(await access.add_token(tx, partner_id, new, at=at), secret.secret, secret.digest)


async def add_product(
    tx: Transaction, *, code: str | None = None, name: str = "Moderniza Completo", included_seats: int = 2
) -> int:
    """Add a product of the vendor, and return its id."""
    return await products.put(tx, code=code or uuid4().hex, name=name, included_seats=included_seats)


async def add_client(
    tx: Transaction, partner_id: int, *, name: str = "Padaria Sol", trade_name: str | None = None, at: datetime = NOON
) -> int:
    """Add a client of the partner, and return its id."""
    details = ClientDetails(name=name, trade_name=trade_name)
    client_id = await client_changes.register(tx, partner_id=partner_id, cnpj=cnpjs.another(), details=details, at=at)
    assert client_id is not None
    return client_id


async def add_activations(
    tx: Transaction, partner_id: int, *, user_id: int, product_id: int, wanted: Sequence[tuple[int, datetime]]
) -> None:
    """Add an activation for each of these clients, at that time."""
    lines = [
        {
            "partner_id": partner_id,
            "client_id": client_id,
            "product_id": product_id,
            "authorization_code": authorization_code(randbits(AUTHORIZATION_CODE_BITS)),
            "activation_key": f"KEY-{number}",
            "seats": 2,
            "additional_seats": 0,
            "client_name_folded": "padaria sol",
            "status": ActivationStatus.ACTIVE,
            "activated_at": at,
            "updated_at": at,
            "activated_by_id": user_id,
        }
        for number, (client_id, at) in enumerate(wanted)
    ]
    await insert(tx, activations, lines)


def tier(minimum: int, *, monthly: int = 100_00, setup: int = 50_00, bonus: int = 0) -> Tier:
    """Return a tier; its prices are in cents."""
    return Tier(
        minimum_quantity=minimum,
        unit_monthly_price=Cents(monthly),
        unit_setup_fee=Cents(setup),
        bonus_quantity=bonus,
    )


async def new_partner(portal: Portal, *, name: str = "Alfa") -> int:
    """Create a partner with an empty price table, and return its id."""
    async with writing(portal.database) as tx:
        return await add_partner(tx, name=name)


async def new_vendor(portal: Portal) -> int:
    """Return the id of the vendor, which all tests of a database share."""
    async with writing(portal.database) as tx:
        return await vendor_id(tx, NewVendor("Grupo Moderniza", cnpjs.VENDOR))


async def new_product(
    portal: Portal, partner_id: int, *, included_seats: int = 2, tiers: Mapping[OrderType, list[Tier]] | None = None
) -> str:
    """Create a product with a price for the partner, and return its global id."""
    (product,) = await new_products(portal, partner_id, 1, included_seats=included_seats, tiers=tiers)
    return product


async def new_products(
    portal: Portal,
    partner_id: int,
    number: int,
    *,
    included_seats: int = 2,
    tiers: Mapping[OrderType, list[Tier]] | None = None,
) -> list[str]:
    """Create products with the same price for the partner, and return their global ids."""
    flat = [tier(1)]
    priced = tiers or {OrderType.PURCHASE: flat, OrderType.ADDITIONAL_SEATS: flat}
    async with writing(portal.database) as tx:
        made = [await add_product(tx, included_seats=included_seats) for _ in range(number)]
        table_id = await price_tables.chosen(tx, partner_id, None)
        assert table_id is not None
        await add_prices(tx, table_id, made, priced)
    return [ids.encode("Product", product_id) for product_id in made]


async def new_manager(http: httpx.AsyncClient, portal: Portal, *, name: str = "Alfa") -> Api:
    """Create a partner with an empty price table, and a manager of it."""
    async with writing(portal.database) as tx:
        partner_id = await add_partner(tx, name=name)
        user_id = await add_user(tx, partner_id)
        token = await add_token(tx, partner_id, user_id, at=portal.now(), kind=TokenKind.SESSION)
    return Api(http, portal, partner_id, user_id, token.secret)


async def new_caller(
    http: httpx.AsyncClient,
    portal: Portal,
    partner_id: int,
    *,
    role: Role = Role.MANAGER,
    chosen: Permissions | None = None,
    kind: TokenKind = TokenKind.SESSION,
    expires_at: datetime | None = None,
    password_hash: str = "none",  # noqa: S107 — no password has it.
    email: str | None = None,
) -> Api:
    """Create a user of the partner with a token that has all permissions of the role, or the chosen ones."""
    async with writing(portal.database) as tx:
        user_id = await add_user(tx, partner_id, email=email, role=role, password_hash=password_hash)
        token = await add_token(
            tx, partner_id, user_id, at=portal.now(), kind=kind, chosen=chosen, expires_at=expires_at
        )
    return Api(http, portal, partner_id, user_id, token.secret)


async def with_tokens(api: Api, number: int, *, expires_at: datetime | None = None) -> Api:
    """Create a user of the partner with this number of API tokens, which work until they expire."""
    caller = await new_caller(api.http, api.portal, api.partner_id)
    async with writing(api.portal.database) as tx:
        for _ in range(number):
            await add_token(tx, api.partner_id, caller.user_id, at=api.portal.now(), expires_at=expires_at)
    return caller
