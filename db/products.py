"""Statements that write the vendor's products, which all partners share."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from db.engine import Transaction, one, returned
from db.engine.column_types import Many
from db.engine.expressions import among
from db.engine.filters import upsert, value
from db.engine.lock_queues import Queue, changing, sharing
from db.engine.statement import Statement
from db.prices import ProductRow
from db.tables import products

_COLUMNS = tuple(products.c[name] for name in ProductRow._fields)


_DETAILS = ("name", "included_seats", "active")
_CREATE: Statement[int] = upsert(
    products,
    lambda insert: insert.on_conflict_do_nothing(index_elements=["code"]).returning(products.c.id),
    value,
    inserted=["code", *_DETAILS],
)


def _put(*updated: str) -> Statement[int]:
    return upsert(
        products,
        lambda insert: insert.on_conflict_do_update(
            index_elements=["code"], set_={name: insert.excluded[name] for name in updated}
        ).returning(products.c.id),
        value,
        inserted=["code", *_DETAILS],
    )


_PUT = _put(*_DETAILS)
_PUT_KEEPING_ACTIVE = _put("name", "included_seats")
_NAMED = products.alias("named")
_LOCK = Statement(
    changing(
        sa.select(*_COLUMNS).where(among(products.c.code, "codes")).order_by(products.c.code),
        Queue.PRODUCTS,
        sa.select(_NAMED.c.id).where(among(_NAMED.c.code, "codes")),
    ),
    ProductRow,
)
_ID: sa.BindParameter[int] = sa.bindparam("id", type_=sa.BigInteger)
_LOCK_ONE = Statement(changing(sa.select(*_COLUMNS).where(products.c.id == _ID), Queue.PRODUCTS, _ID), ProductRow)
_IDS: sa.BindParameter[Any] = sa.bindparam("ids", type_=Many(sa.BigInteger()))
_BY_IDS = sa.select(*_COLUMNS).where(among(products.c.id, "ids"))
_SHARE = Statement(
    # In the order of `_LOCK`.
    sharing(_BY_IDS.order_by(products.c.code), Queue.PRODUCTS, sa.select(sa.func.unnest(_IDS).column_valued("id"))),
    ProductRow,
    # One transaction has all the locks there.
    on_sqlite=_BY_IDS,
)


async def create(tx: Transaction, *, code: str, name: str, included_seats: int, active: bool) -> int | None:
    """Return the id of the new product; None, with nothing written, if the code is taken."""
    return await one(tx, _CREATE, {"code": code, "name": name, "included_seats": included_seats, "active": active})


async def put(tx: Transaction, *, code: str, name: str, included_seats: int, active: bool | None = None) -> int:
    """Return the id of the product with that code, created or updated; an `active` of None keeps what it was."""
    given = {"code": code, "name": name, "included_seats": included_seats, "active": active is not False}
    return await returned(tx, _PUT_KEEPING_ACTIVE if active is None else _PUT, given)


async def locked(tx: Transaction, codes: Sequence[str]) -> Mapping[str, ProductRow]:
    """Return the products with these codes, by code, locked until the transaction ends."""
    return {row.code: row for row in await tx.fetch(_LOCK, {"codes": codes})}


async def locked_by_id(tx: Transaction, product_id: int) -> ProductRow | None:
    """Return the product, locked until the transaction ends."""
    return await one(tx, _LOCK_ONE, {"id": product_id})


async def shared(tx: Transaction, ids: Sequence[int]) -> Mapping[int, ProductRow]:
    """Return the products with these ids, which no other transaction changes until this one ends."""
    return {row.id: row for row in await tx.fetch(_SHARE, {"ids": ids})}
