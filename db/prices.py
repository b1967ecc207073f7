"""Statements about products, and about the tiers of versions of price tables."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from db.engine import Connection, Transaction
from db.engine.expressions import among
from db.engine.filters import is_partner, scoped, shared_rows_by_id, values_of
from db.engine.statement import Statement
from db.price_drafts import DRAFT_IDS
from db.price_tables import assigned
from db.price_versions import in_force, readable
from db.tables import price_table_versions, price_tables, price_tiers, products
from domain.money import Cents
from domain.orders import OrderType
from domain.price_tables import PriceKey, Tiers
from domain.prices import Tier
from domain.tenancy import Scope


class ProductRow(NamedTuple):
    """Product of the vendor."""

    id: int
    code: str
    name: str
    included_seats: int
    active: bool


class VersionTiers(NamedTuple):
    """Version of a price table, and its tiers by price key, lowest first."""

    version_id: int
    tiers: Tiers


_PRODUCTS = tuple(products.c[name] for name in ProductRow._fields)


class _TierRow(NamedTuple):
    of_id: int
    """Id of the version, or of the price table that it is in force of."""
    product_id: int
    order_type: OrderType
    minimum_quantity: int
    unit_monthly_price: int
    unit_setup_fee: int
    bonus_quantity: int


_OF_TIER = _TierRow._fields[1:]
_TIERS = tuple(price_tiers.c[name] for name in _OF_TIER)
_SORTED = price_tiers.c.product_id, price_tiers.c.order_type.desc(), price_tiers.c.minimum_quantity
_TIERS_OF_PRODUCTS = Statement(
    sa.select(price_tiers.c.version_id, *_TIERS).where(
        price_tiers.c.version_id == in_force(sa.bindparam("price_table_id"), is_partner),
        among(price_tiers.c.product_id, "product_ids"),
        price_tiers.c.order_type == sa.bindparam("of_type"),
    ),
    _TierRow,
)
_TIERS_OF_TABLES = scoped(
    lambda mine: Statement(
        sa.select(price_tables.c.id, *_TIERS)
        .join_from(price_tables, price_tiers, price_tiers.c.version_id == in_force(price_tables.c.id, mine))
        .where(among(price_tables.c.id, "price_table_ids"), assigned(mine, price_tables.c.id))
        .order_by(price_tables.c.id, *_SORTED),
        _TierRow,
    )
)
_TIERS_OF_VERSIONS = scoped(
    lambda mine: Statement(
        sa.select(price_tiers.c.version_id, *_TIERS)
        .join(price_table_versions, price_table_versions.c.id == price_tiers.c.version_id)
        .where(
            among(price_tiers.c.version_id, "version_ids"),
            readable(mine),
            assigned(mine, price_table_versions.c.price_table_id),
        )
        .order_by(price_tiers.c.version_id, *_SORTED),
        _TierRow,
    )
)
_ALL_PRODUCTS = Statement(sa.select(*_PRODUCTS).order_by(products.c.code), ProductRow)

products_by_ids = shared_rows_by_id(products, _PRODUCTS, ProductRow)


async def all_products(connection: Connection) -> list[ProductRow]:
    """Return all products, by code."""
    return list(await connection.fetch(_ALL_PRODUCTS))


async def in_force_for(
    connection: Connection,
    partner_id: int,
    price_table_id: int,
    product_ids: Sequence[int],
    order_type: OrderType,
    *,
    at: datetime,
) -> VersionTiers | None:
    """Return the tiers that are in force of these products and order type, unsorted; None if there is none of them."""
    values = {"partner_id": partner_id, "price_table_id": price_table_id, "product_ids": product_ids, "at": at}
    found = _by_id(await connection.fetch(_TIERS_OF_PRODUCTS, {**values, "of_type": order_type}))
    return next((VersionTiers(version_id, tiers) for version_id, tiers in found.items()), None)


async def tiers_of_tables(
    connection: Connection, scope: Scope, price_table_ids: Sequence[int], *, at: datetime
) -> Mapping[int, Tiers]:
    """Return the tiers that are in force of each of these price tables."""
    values = {"partner_id": scope, "price_table_ids": price_table_ids, "at": at}
    return _by_id(await connection.fetch(_TIERS_OF_TABLES.within(scope), values))


async def tiers_of_versions(connection: Connection, scope: Scope, version_ids: Sequence[int]) -> Mapping[int, Tiers]:
    """Return the tiers of each of these versions; a partner sees no drafts."""
    values = {"partner_id": scope, "version_ids": version_ids}
    return _by_id(await connection.fetch(_TIERS_OF_VERSIONS.within(scope), values))


def _by_id(rows: Iterable[_TierRow]) -> Mapping[int, Tiers]:
    by_id: dict[int, dict[PriceKey, list[Tier]]] = {}
    for row in rows:
        tier = Tier(
            minimum_quantity=row.minimum_quantity,
            unit_monthly_price=Cents(row.unit_monthly_price),
            unit_setup_fee=Cents(row.unit_setup_fee),
            bonus_quantity=row.bonus_quantity,
        )
        by_key = by_id.setdefault(row.of_id, {})
        by_key.setdefault(PriceKey(row.product_id, row.order_type), []).append(tier)
    return by_id


_DELETE_TIERS = Statement(
    sa.delete(price_tiers).where(
        price_tiers.c.version_id == sa.bindparam("version_id"),
        price_tiers.c.product_id == sa.bindparam("product_id"),
        price_tiers.c.order_type == sa.bindparam("order_type"),
        price_tiers.c.version_id.in_(DRAFT_IDS),
    ),
    values_of,
)
_GIVEN = {
    name: sa.cast(sa.bindparam(name, type_=price_tiers.c[name].type), price_tiers.c[name].type)
    for name in ("version_id", *_OF_TIER)
}
_ADD_TIER = Statement(
    sa.insert(price_tiers).from_select(
        list(_GIVEN),
        sa.select(*_GIVEN.values()).where(_GIVEN["version_id"].in_(DRAFT_IDS)),
    ),
    values_of,
)


async def replace_tiers(tx: Transaction, version_id: int, priced: Tiers) -> None:
    """Replace the draft's tiers of these price keys; others keep theirs, and so does a published version."""
    version = {"version_id": version_id}
    await tx.execute_many(_DELETE_TIERS, [{**version, **key._asdict()} for key in priced])
    lines = [
        {
            **version,
            **key._asdict(),
            "minimum_quantity": tier.minimum_quantity,
            "unit_monthly_price": tier.unit_monthly_price,
            "unit_setup_fee": tier.unit_setup_fee,
            "bonus_quantity": tier.bonus_quantity,
        }
        for key, tiers_of_key in priced.items()
        for tier in tiers_of_key
    ]
    await tx.execute_many(_ADD_TIER, lines)
