"""Statements about what clients hold, and what their cancellation gave back."""

from collections.abc import Sequence
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy import ColumnElement

from db.activations import COLUMNS, ActivationRow
from db.engine import Connection, execute
from db.tables import activations
from domain.activations import ActivationCancellationReason, ActivationStatus

_WITH_CLIENT = activations.c.cancellation_reason == ActivationCancellationReason.CLIENT_CANCELLED


class Released(NamedTuple):
    """What the activations of a client hold, or held, of one product."""

    client_id: int
    product_id: int
    licenses: int
    additional_seats: int


async def held(connection: Connection, partner_id: int, client_ids: Sequence[int]) -> list[Released]:
    """What each of these clients holds of each product."""
    return await _summed(connection, partner_id, client_ids, activations.c.status == ActivationStatus.ACTIVE)


async def released(connection: Connection, partner_id: int, client_ids: Sequence[int]) -> list[Released]:
    """What the cancellation of each of these clients gave back of each product."""
    return await _summed(connection, partner_id, client_ids, _WITH_CLIENT)


async def cancelled_with(
    connection: Connection, partner_id: int, client_id: int, *, at_most: int
) -> list[ActivationRow]:
    """Return the first activations, by id, that the cancellation of the client ended."""
    mine = activations.c.partner_id == partner_id, activations.c.client_id == client_id, _WITH_CLIENT
    statement = sa.select(*COLUMNS).where(*mine).order_by(activations.c.id).limit(at_most)
    return await execute.rows(connection, statement, ActivationRow)


async def _summed(
    connection: Connection, partner_id: int, client_ids: Sequence[int], condition: ColumnElement[bool]
) -> list[Released]:
    statement = (
        sa.select(
            activations.c.client_id,
            activations.c.product_id,
            sa.func.count(),
            sa.cast(sa.func.sum(activations.c.additional_seats), sa.BigInteger),
        )
        .where(activations.c.partner_id == partner_id, activations.c.client_id.in_(client_ids), condition)
        .group_by(activations.c.client_id, activations.c.product_id)
        .order_by(activations.c.client_id, activations.c.product_id)
    )
    return await execute.rows(connection, statement, Released)
