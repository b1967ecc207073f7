"""Statements that write the vendor's products, which all partners share."""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from db.engine import Transaction, execute
from db.engine.execute import KEEPING_KEYS
from db.prices import ProductRow
from db.tables import products

_COLUMNS = tuple(products.c[name] for name in ProductRow._fields)


async def create(tx: Transaction, *, code: str, name: str, included_seats: int, active: bool) -> int | None:
    """Return the id of the new product; None, with nothing written, if the code is taken."""
    statement = (
        execute.insert(tx, products)
        .values(code=code, name=name, included_seats=included_seats, active=active)
        .on_conflict_do_nothing(index_elements=["code"])
        .returning(products.c.id)
    )
    return await tx.scalar(statement)


async def put(tx: Transaction, *, code: str, name: str, included_seats: int, active: bool | None = None) -> int:
    """Return the id of the product with that code, created or updated; an `active` of None keeps what it was."""
    given = {"name": name, "included_seats": included_seats} | ({} if active is None else {"active": active})
    statement = (
        execute.insert(tx, products)
        .values({"code": code, "active": True} | given)
        .on_conflict_do_update(index_elements=["code"], set_=given)
        .returning(products.c.id)
    )
    return (await tx.execute(statement)).scalar_one()


async def locked(tx: Transaction, codes: Sequence[str]) -> Mapping[str, ProductRow]:
    """Return the products with these codes, by code, locked until the transaction ends."""
    statement = (
        sa.select(*_COLUMNS)
        .where(products.c.code.in_(codes))
        .order_by(products.c.code)
        .with_for_update(key_share=KEEPING_KEYS)
    )
    return {row.code: row for row in await execute.rows(tx, statement, ProductRow)}
