"""Statements about products and the partner's price table."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

import sqlalchemy as sa
from sqlalchemy import ColumnElement

from db.engine import Connection, Transaction, filters, returned
from db.engine.expressions import among
from db.engine.filters import PARTNER, Mine, Scoped, is_partner, of_parents, one_each, one_row, scoped, value, values_of
from db.engine.statement import Statement
from db.tables import price_tables, price_tiers, products
from domain.money import Cents
from domain.orders import OrderType
from domain.prices import Tier
from domain.tenancy import Scope


class ProductRow(NamedTuple):
    """Product of the vendor."""

    id: int
    code: str
    name: str
    included_seats: int
    active: bool


class PriceTableRow(NamedTuple):
    """Price table of a partner."""

    id: int
    partner_id: int
    name: str


class PriceKey(NamedTuple):
    """Product and order type of a price."""

    product_id: int
    order_type: OrderType


Tiers: TypeAlias = Mapping[PriceKey, Sequence[Tier]]

_PRODUCTS = tuple(products.c[name] for name in ProductRow._fields)
_PRICE_TABLES = tuple(price_tables.c[name] for name in PriceTableRow._fields)


class _TierRow(NamedTuple):
    price_table_id: int
    product_id: int
    order_type: OrderType
    minimum_quantity: int
    unit_monthly_price: int
    unit_setup_fee: int
    bonus_quantity: int


def _tiers_of(mine: Mine, *more: ColumnElement[bool]) -> Statement[_TierRow]:
    statement = (
        sa.select(*(price_tiers.c[name] for name in _TierRow._fields))
        .where(mine(price_tiers.c.partner_id), *more)
        .order_by(price_tiers.c.product_id, price_tiers.c.order_type.desc(), price_tiers.c.minimum_quantity)
    )
    # A price table has a few tiers for each product.
    return Statement(statement, _TierRow, reads=one_row)


_OF_TABLE = price_tiers.c.price_table_id == sa.bindparam("price_table_id")
_TIERS = _tiers_of(is_partner, _OF_TABLE)
_TIERS_OF_PRODUCTS = _tiers_of(is_partner, _OF_TABLE, among(price_tiers.c.product_id, "product_ids"))
_OF_TABLES = among(price_tiers.c.price_table_id, "price_table_ids")
_TIERS_OF_TABLES = Scoped(
    _tiers_of(is_partner, _OF_TABLES), _tiers_of(of_parents(price_tables, "price_table_ids"), _OF_TABLES)
)
_ALL_PRODUCTS = Statement(sa.select(*_PRODUCTS).order_by(products.c.code), ProductRow)
_PRODUCTS_BY_IDS = Statement(
    sa.select(*_PRODUCTS).where(among(products.c.id, "ids")), ProductRow, reads=one_each("ids")
)
_TABLE_OF = Statement(
    sa.select(*_PRICE_TABLES).where(price_tables.c.partner_id == PARTNER), PriceTableRow, reads=one_row
)
_TABLES_OF_PARTNERS = scoped(
    lambda mine: Statement(
        sa.select(*_PRICE_TABLES).where(
            mine(price_tables.c.partner_id), among(price_tables.c.partner_id, "partner_ids")
        ),
        PriceTableRow,
        reads=one_each("partner_ids"),
    )
)
_TABLES_BY_IDS = filters.by_ids(price_tables, _PRICE_TABLES, PriceTableRow)


async def all_products(connection: Connection) -> list[ProductRow]:
    """Return all products, by code."""
    return list(await connection.fetch(_ALL_PRODUCTS))


async def products_by_ids(connection: Connection, ids: Sequence[int]) -> Mapping[int, ProductRow]:
    """Return the products with these ids, which every partner may read."""
    return {row.id: row for row in await connection.fetch(_PRODUCTS_BY_IDS, {"ids": ids})}


async def table_of(connection: Connection, partner_id: int) -> PriceTableRow:
    """Return the partner's price table, which every partner has."""
    return await returned(connection, _TABLE_OF, {"partner_id": partner_id})


async def tables_of_partners(
    connection: Connection, scope: Scope, partner_ids: Sequence[int]
) -> Mapping[int, PriceTableRow]:
    """Return the price tables of these partners within a scope, by partner."""
    values = {"partner_id": scope, "partner_ids": partner_ids}
    found = await connection.fetch(_TABLES_OF_PARTNERS.within(scope), values)
    return {row.partner_id: row for row in found}


async def tables_by_ids(connection: Connection, scope: Scope, ids: Sequence[int]) -> Mapping[int, PriceTableRow]:
    """Return the price tables of a scope with these ids."""
    found = await connection.fetch(_TABLES_BY_IDS.within(scope), {"partner_id": scope, "ids": ids})
    return {row.id: row for row in found}


async def tiers(
    connection: Connection, partner_id: int, price_table_id: int, product_ids: Sequence[int] | None = None
) -> Tiers:
    """Return the tiers of the price table by price key, lowest first; of all products, or of these."""
    values = {"partner_id": partner_id, "price_table_id": price_table_id, "product_ids": product_ids}
    statement = _TIERS if product_ids is None else _TIERS_OF_PRODUCTS
    return _by_table(await connection.fetch(statement, values)).get(price_table_id, {})


async def tiers_of_tables(connection: Connection, scope: Scope, price_table_ids: Sequence[int]) -> Mapping[int, Tiers]:
    """Return the tiers of these price tables by price key, lowest first."""
    values = {"partner_id": scope, "price_table_ids": price_table_ids}
    return _by_table(await connection.fetch(_TIERS_OF_TABLES.within(scope), values))


def _by_table(rows: Iterable[_TierRow]) -> Mapping[int, Tiers]:
    by_table: dict[int, dict[PriceKey, list[Tier]]] = {}
    for row in rows:
        tier = Tier(
            minimum_quantity=row.minimum_quantity,
            unit_monthly_price=Cents(row.unit_monthly_price),
            unit_setup_fee=Cents(row.unit_setup_fee),
            bonus_quantity=row.bonus_quantity,
        )
        by_key = by_table.setdefault(row.price_table_id, {})
        by_key.setdefault(PriceKey(row.product_id, row.order_type), []).append(tier)
    return by_table


_CREATE_TABLE: Statement[int] = Statement(
    sa.insert(price_tables).returning(price_tables.c.id), value, inserted=["partner_id", "name"]
)
_DELETE_TIERS = Statement(
    sa.delete(price_tiers).where(
        price_tiers.c.partner_id == PARTNER,
        price_tiers.c.price_table_id == sa.bindparam("price_table_id"),
        price_tiers.c.product_id == sa.bindparam("product_id"),
        price_tiers.c.order_type == sa.bindparam("order_type"),
    ),
    values_of,
)
_ADD_TIER = Statement(sa.insert(price_tiers), values_of, inserted=["partner_id", *_TierRow._fields])


async def create_table(tx: Transaction, partner_id: int, name: str) -> int:
    """Create an empty price table of the partner, and return its id."""
    return await returned(tx, _CREATE_TABLE, {"partner_id": partner_id, "name": name})


async def replace_tiers(
    tx: Transaction, partner_id: int, price_table_id: int, priced: Mapping[PriceKey, Sequence[Tier]]
) -> None:
    """Replace the tiers of these price keys; others keep theirs."""
    table = {"partner_id": partner_id, "price_table_id": price_table_id}
    await tx.execute_many(_DELETE_TIERS, [{**table, **key._asdict()} for key in priced])
    lines = [
        {
            **table,
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
