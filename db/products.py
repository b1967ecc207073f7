"""Statements that write the vendor's products, which all partners share."""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from db.engine import Transaction, one, returned
from db.engine.expressions import KEEPING_KEYS, among
from db.engine.filters import upsert, value
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
_LOCK = Statement(
    sa.select(*_COLUMNS)
    .where(among(products.c.code, "codes"))
    .order_by(products.c.code)
    .with_for_update(key_share=KEEPING_KEYS),
    ProductRow,
)


_LOCK_ONE = Statement(
    sa.select(*_COLUMNS).where(products.c.id == sa.bindparam("id")).with_for_update(key_share=KEEPING_KEYS),
    ProductRow,
)
# A lock that several transactions share, and that a change of the product waits for. In the order of `_LOCK`.
_BY_IDS = sa.select(*_COLUMNS).where(among(products.c.id, "ids"))
_SHARE = Statement(
    _BY_IDS.order_by(products.c.code).with_for_update(read=True),
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
