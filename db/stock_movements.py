"""Statements about the ledger of the stock: its movements, which nothing changes."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import ColumnElement

from db.engine import Transaction, filters
from db.engine.expressions import among
from db.engine.filters import PARTNER, tenancy, values_of
from db.engine.keyset import Sorting
from db.engine.listings import Listing
from db.engine.statement import Statement
from db.licenses import COUNTERS, NUMBERS_OF_PARTNER
from db.tables import activations, stock_movements
from domain.activations import ActivationStatus
from domain.licenses import Delta, StockMovementType
from domain.tenancy import ALL_PARTNERS, Scope


class MovementRow(NamedTuple):
    """Line of the ledger: its delta of each counter."""

    id: int
    partner_id: int
    product_id: int
    type: StockMovementType
    occurred_at: datetime
    order_id: int | None
    activation_id: int | None
    purchased: int
    bonus: int
    activated: int
    additional_seats_total: int
    additional_seats_allocated: int


class NewMovement(NamedTuple):
    """New line of the ledger; its cause is an order or an activation."""

    product_id: int
    type: StockMovementType
    delta: Delta
    order_id: int | None = None
    activation_id: int | None = None


_TIMES = sa.literal(NUMBERS_OF_PARTNER, sa.BigInteger)
_MOVEMENTS = tuple(stock_movements.c[name] for name in MovementRow._fields)
_RECORD = Statement(
    sa.insert(stock_movements),
    values_of,
    inserted=["partner_id", "product_id", "type", "occurred_at", "order_id", "activation_id", *COUNTERS],
)
_OF_CLIENT = activations.c.partner_id == PARTNER, activations.c.client_id == sa.bindparam("of_client")
_released: Mapping[str, ColumnElement[Any]] = {
    **{name: sa.literal_column("0", sa.Integer) for name in COUNTERS},
    "activated": sa.literal_column("-1", sa.Integer),
    "additional_seats_allocated": -activations.c.additional_seats,
}
_RECORD_RELEASED = Statement(
    sa.insert(stock_movements).from_select(
        ["partner_id", "product_id", "type", "occurred_at", "activation_id", *COUNTERS],
        sa.select(
            activations.c.partner_id,
            activations.c.product_id,
            sa.literal(StockMovementType.RELEASED, stock_movements.c.type.type),
            sa.bindparam("at", type_=stock_movements.c.occurred_at.type),
            activations.c.id,
            *_released.values(),
        )
        .where(*_OF_CLIENT, activations.c.status == ActivationStatus.ACTIVE)
        .order_by(activations.c.id),
    ),
    values_of,
)


async def record(tx: Transaction, partner_id: int, movements: Sequence[NewMovement], *, at: datetime) -> None:
    """Append lines to the ledger."""
    lines = [
        {
            "partner_id": partner_id,
            "product_id": movement.product_id,
            "type": movement.type,
            "occurred_at": at,
            "order_id": movement.order_id,
            "activation_id": movement.activation_id,
            **{name: getattr(movement.delta, name) for name in COUNTERS},
        }
        for movement in movements
    ]
    await tx.execute_many(_RECORD, lines)


async def record_released(tx: Transaction, partner_id: int, client_id: int, *, at: datetime) -> None:
    """Append a line to the ledger for each active activation of the client, all of which end in this transaction."""
    await tx.execute(_RECORD_RELEASED, {"partner_id": partner_id, "of_client": client_id, "at": at})


def of_stocks(scope: Scope, stock_numbers: Sequence[int]) -> Listing[MovementRow]:
    """Return the ledgers of these stocks, newest first; a stock is identified by its `number`."""
    values = {
        "partner_id": scope,
        "parent_ids": stock_numbers,
        "partner_ids": list({number // NUMBERS_OF_PARTNER for number in stock_numbers}),
        "product_ids": list({number % NUMBERS_OF_PARTNER for number in stock_numbers}),
    }
    return (_LEDGER_OF_ALL if scope is ALL_PARTNERS else _LEDGER).of(values)


def _ledger(*, all_partners: bool) -> Listing[MovementRow]:
    partner_id, product_id = stock_movements.c.partner_id, stock_movements.c.product_id
    return Listing(
        name="licenseStock.movements",
        row=MovementRow,
        columns=_MOVEMENTS,
        where=[tenancy(all_partners=all_partners)(partner_id)],
        key="occurred_at",
        sorting=Sorting(stock_movements.c.occurred_at, stock_movements.c.id, descending=True),
        parent=partner_id * _TIMES + product_id,
        of_parents=[among(partner_id, "partner_ids"), among(product_id, "product_ids")],
        is_parent=lambda number: [partner_id == number // _TIMES, product_id == number % _TIMES],
    )


_LEDGER, _LEDGER_OF_ALL = _ledger(all_partners=False), _ledger(all_partners=True)
by_ids = filters.rows_by_id(stock_movements, _MOVEMENTS, MovementRow)
"""The lines of a scope's ledgers, by id."""
