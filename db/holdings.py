"""Statements about what clients hold, and what their cancellation gave back."""

from collections.abc import Sequence
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy import ColumnElement

from db.activations import COLUMNS, ActivationRow
from db.engine import Connection
from db.engine.expressions import among
from db.engine.filters import PARTNER
from db.engine.statement import Statement
from db.tables import activations
from domain.activations import ActivationCancellationReason, ActivationStatus

_WITH_CLIENT = activations.c.cancellation_reason == ActivationCancellationReason.CLIENT_CANCELLED


class Released(NamedTuple):
    """What the activations of a client hold, or held, of one product."""

    client_id: int
    product_id: int
    licenses: int
    additional_seats: int


def _summed(condition: ColumnElement[bool]) -> Statement[Released]:
    return Statement(
        sa.select(
            activations.c.client_id,
            activations.c.product_id,
            sa.func.count(),
            sa.cast(sa.func.sum(activations.c.additional_seats), sa.BigInteger),
        )
        .where(activations.c.partner_id == PARTNER, among(activations.c.client_id, "client_ids"), condition)
        .group_by(activations.c.client_id, activations.c.product_id)
        .order_by(activations.c.client_id, activations.c.product_id),
        Released,
    )


_HELD = _summed(activations.c.status == ActivationStatus.ACTIVE)
_RELEASED = _summed(_WITH_CLIENT)
_CANCELLED_WITH = Statement(
    sa.select(*COLUMNS)
    .where(activations.c.partner_id == PARTNER, activations.c.client_id == sa.bindparam("client_id"), _WITH_CLIENT)
    .order_by(activations.c.id)
    .limit(sa.bindparam("at_most", type_=sa.Integer)),
    ActivationRow,
)


async def held(connection: Connection, partner_id: int, client_ids: Sequence[int]) -> list[Released]:
    """What each of these clients holds of each product."""
    return list(await connection.fetch(_HELD, {"partner_id": partner_id, "client_ids": client_ids}))


async def released(connection: Connection, partner_id: int, client_ids: Sequence[int]) -> list[Released]:
    """What the cancellation of each of these clients gave back of each product."""
    return list(await connection.fetch(_RELEASED, {"partner_id": partner_id, "client_ids": client_ids}))


async def cancelled_with(
    connection: Connection, partner_id: int, client_id: int, *, at_most: int
) -> list[ActivationRow]:
    """Return the first activations, by id, that the cancellation of the client ended."""
    wanted = {"partner_id": partner_id, "client_id": client_id, "at_most": at_most}
    return list(await connection.fetch(_CANCELLED_WITH, wanted))
