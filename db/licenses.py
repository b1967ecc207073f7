"""Statements about the stock of licenses: counters that only guarded statements change."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy import ColumnElement

from db.engine import Connection, Transaction, one
from db.engine.expressions import KEEPING_KEYS, among
from db.engine.filters import PARTNER, one_each, scoped, upsert, value, values_of
from db.engine.statement import Statement
from db.tables import license_stock, partners
from domain import policies
from domain.licenses import COUNTER_MAX, Delta
from domain.tenancy import ALL_PARTNERS, Scope


class StockKey(NamedTuple):
    """Product of a partner's stock."""

    partner_id: int
    product_id: int


NUMBERS_OF_PARTNER = 2**32
"""Size of a partner's range of stock numbers: one for each id that a product can have."""


class StockRow(NamedTuple):
    """Counters of one product in a partner's stock."""

    partner_id: int
    product_id: int
    purchased: int
    bonus: int
    activated: int
    additional_seats_total: int
    additional_seats_allocated: int
    warning_below: int | None
    """Of the product; None if that of the partner holds."""
    warned_below: int | None
    """Of the product or else of the partner; None if there is no warning."""

    @property
    def low(self) -> bool:
        """Whether so few licenses are free that the partner is warned."""
        return policies.is_low(self.available, self.warned_below)

    @property
    def number(self) -> int:
        """Unique number of the stock, computed from the ids of partner and product; see `stock_movements.of_stocks`."""
        return self.partner_id * NUMBERS_OF_PARTNER + self.product_id

    @property
    def available(self) -> int:
        """Licenses that can be activated."""
        return self.purchased + self.bonus - self.activated

    @property
    def additional_seats_available(self) -> int:
        """Additional seats that can be given to an activation."""
        return self.additional_seats_total - self.additional_seats_allocated


class Left(NamedTuple):
    """Free licenses that a change of the stock left, and the number of the product below which there is a warning."""

    available: int
    warning_below: int | None


# 0 of a product says that it has no warning, whatever the policy says.
_WARNED_BELOW = sa.func.nullif(
    sa.func.coalesce(
        license_stock.c.warning_below,
        sa.select(partners.c.stock_warning_below)
        .where(partners.c.id == license_stock.c.partner_id)
        .correlate(license_stock)
        .scalar_subquery(),
    ),
    0,
).label("warned_below")
_STOCK = tuple(_WARNED_BELOW if name == "warned_below" else license_stock.c[name] for name in StockRow._fields)
_COLUMNS = frozenset(StockRow._fields) - {"warned_below"}

COUNTERS = tuple(each.name for each in fields(Delta))
"""Names of the counters of a stock, each of which a movement has a delta of."""

_OF_PARTNERS = scoped(
    lambda mine: Statement(
        sa.select(*_STOCK)
        .where(mine(license_stock.c.partner_id), among(license_stock.c.partner_id, "partner_ids"))
        .order_by(license_stock.c.partner_id, license_stock.c.product_id),
        StockRow,
    )
)
_BY_KEYS = Statement(
    sa.select(*_STOCK).where(
        among(license_stock.c.partner_id, "partner_ids"), among(license_stock.c.product_id, "product_ids")
    ),
    StockRow,
)
_OF_PRODUCTS = license_stock.c.partner_id == PARTNER, among(license_stock.c.product_id, "product_ids")
_BY_PRODUCTS = Statement(sa.select(*_STOCK).where(*_OF_PRODUCTS), StockRow, reads=one_each("product_ids"))
_LOCK = Statement(
    sa.select(*_STOCK)
    .where(*_OF_PRODUCTS)
    .order_by(license_stock.c.product_id)
    .with_for_update(key_share=KEEPING_KEYS),
    StockRow,
).load_only(_COLUMNS)
_BEGIN = upsert(
    license_stock,
    lambda insert: insert.values(dict.fromkeys(COUNTERS, 0)).on_conflict_do_nothing(),
    values_of,
    inserted=["partner_id", "product_id"],
)
_MORE = {name: sa.bindparam(f"more_{name}", type_=sa.BigInteger) for name in COUNTERS}
_bought = license_stock.c.purchased + license_stock.c.bonus
_seats = license_stock.c.additional_seats_total - license_stock.c.additional_seats_allocated


_MINE = license_stock.c.partner_id == PARTNER, license_stock.c.product_id == sa.bindparam("of_product")


def _changing(*more: ColumnElement[bool]) -> sa.Update:
    added = {name: license_stock.c[name] + amount for name, amount in _MORE.items()}
    return sa.update(license_stock).where(*_MINE, *more).values(added)


_ADD: Statement[int] = Statement(
    _changing(
        _bought <= COUNTER_MAX - _MORE["purchased"] - _MORE["bonus"],
        license_stock.c.additional_seats_total <= COUNTER_MAX - _MORE["additional_seats_total"],
    ).returning(license_stock.c.product_id),
    value,
)
_TAKING = _changing(
    license_stock.c.activated <= _bought - _MORE["activated"], _seats >= _MORE["additional_seats_allocated"]
)
_TAKE = Statement(_TAKING.returning(_bought - license_stock.c.activated, license_stock.c.warning_below), Left)
_SET_WARNING = Statement(
    sa.update(license_stock).where(*_MINE).values(warning_below=sa.bindparam("below", type_=sa.Integer)), values_of
)
_RELEASE = Statement(_changing(), values_of)
_TAKE_EACH: Statement[int] = Statement(_TAKING.returning(license_stock.c.product_id), value)


async def of_partners(connection: Connection, scope: Scope, partner_ids: Sequence[int]) -> Mapping[int, list[StockRow]]:
    """Return the stock of these partners, by product."""
    by_partner: dict[int, list[StockRow]] = {}
    for row in await connection.fetch(_OF_PARTNERS.within(scope), {"partner_id": scope, "partner_ids": partner_ids}):
        by_partner.setdefault(row.partner_id, []).append(row)
    return by_partner


async def by_keys(connection: Connection, scope: Scope, keys: Sequence[StockKey]) -> Mapping[StockKey, StockRow]:
    """Return the stock of these pairs of partner and product within a scope."""
    if scope is not ALL_PARTNERS:
        found = await by_products(connection, scope, [key.product_id for key in keys if key.partner_id == scope])
        return {StockKey(scope, product_id): row for product_id, row in found.items()}
    partner_ids, product_ids = {key.partner_id for key in keys}, {key.product_id for key in keys}
    values = {"partner_ids": list(partner_ids), "product_ids": list(product_ids)}
    # Each product of each of the partners, of which not all may have been asked for.
    return {StockKey(row.partner_id, row.product_id): row for row in await connection.fetch(_BY_KEYS, values)}


async def by_products(connection: Connection, partner_id: int, product_ids: Sequence[int]) -> Mapping[int, StockRow]:
    """Return the partner's stock of these products, by product."""
    found = await connection.fetch(_BY_PRODUCTS, {"partner_id": partner_id, "product_ids": product_ids})
    return {row.product_id: row for row in found}


async def locked(tx: Transaction, partner_id: int, product_ids: Iterable[int]) -> Mapping[int, StockRow]:
    """Lock the partner's stock of these products until the transaction ends, and return it by product."""
    found = await tx.fetch(_LOCK, {"partner_id": partner_id, "product_ids": sorted(set(product_ids))})
    return {row.product_id: row for row in found}


async def add_each(tx: Transaction, partner_id: int, deltas: Mapping[int, Delta]) -> bool:
    """Add what an order bought, by product; return False if a counter of one would exceed its limit."""
    product_ids = sorted(deltas)
    await tx.execute_many(_BEGIN, [{"partner_id": partner_id, "product_id": each} for each in product_ids])
    added = await tx.execute_many(_ADD, [_changed(partner_id, each, deltas[each]) for each in product_ids])
    return len(added) == len(deltas)


async def take(tx: Transaction, partner_id: int, product_id: int, delta: Delta) -> Left | None:
    """Take licenses and additional seats into use, and return what is left; None, changing nothing, if too few are.

    The stock is locked from then on, so that of two transactions one passes a number of free licenses.
    """
    return await one(tx, _TAKE, _changed(partner_id, product_id, delta))


async def set_warning(tx: Transaction, partner_id: int, product_id: int, below: int | None) -> None:
    """Write the number of free licenses of the product below which there is a warning."""
    await tx.execute(_SET_WARNING, {"partner_id": partner_id, "of_product": product_id, "below": below})


async def release(tx: Transaction, partner_id: int, product_id: int, delta: Delta) -> None:
    """Return licenses and additional seats to the stock; a CHECK refuses more than was taken."""
    await tx.execute(_RELEASE, _changed(partner_id, product_id, delta))


async def take_each(tx: Transaction, partner_id: int, deltas: Mapping[int, Delta]) -> bool:
    """Take licenses and seats of many products, by product; return False if those of one are not free."""
    taken = await tx.execute_many(
        _TAKE_EACH, [_changed(partner_id, product_id, deltas[product_id]) for product_id in sorted(deltas)]
    )
    return len(taken) == len(deltas)


async def release_each(tx: Transaction, partner_id: int, deltas: Mapping[int, Delta]) -> None:
    """Return licenses and seats of many products, by product."""
    await tx.execute_many(
        _RELEASE, [_changed(partner_id, product_id, deltas[product_id]) for product_id in sorted(deltas)]
    )


def _changed(partner_id: int, product_id: int, delta: Delta) -> dict[str, int]:
    more = {f"more_{name}": amount for name, amount in asdict(delta).items()}
    return {"partner_id": partner_id, "of_product": product_id, **more}
