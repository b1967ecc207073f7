"""Statements about the licenses that clients hold, and that their cancellation released."""

from collections.abc import Sequence
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy import ColumnElement

from db.activations import COLUMNS, ActivationRow
from db.engine import Connection
from db.engine.expressions import among
from db.engine.filters import Mine, Scoped, is_partner, of_parents
from db.engine.statement import Statement
from db.tables import activations, clients
from domain.activations import ActivationCancellationReason, ActivationStatus
from domain.tenancy import Scope

_WITH_CLIENT = activations.c.cancellation_reason == ActivationCancellationReason.CLIENT_CANCELLED


class Released(NamedTuple):
    """Licenses and seats of one product that the activations of a client hold, or held."""

    client_id: int
    product_id: int
    licenses: int
    additional_seats: int


def _summed(condition: ColumnElement[bool]) -> Scoped[Released]:
    of_all = of_parents(clients, "client_ids")
    return Scoped(_summed_of(condition, is_partner), _summed_of(condition, of_all))


def _summed_of(condition: ColumnElement[bool], mine: Mine) -> Statement[Released]:
    return Statement(
        sa.select(
            activations.c.client_id,
            activations.c.product_id,
            sa.func.count(),
            sa.cast(sa.func.sum(activations.c.additional_seats), sa.BigInteger),
        )
        .where(mine(activations.c.partner_id), among(activations.c.client_id, "client_ids"), condition)
        .group_by(activations.c.client_id, activations.c.product_id)
        .order_by(activations.c.client_id, activations.c.product_id),
        Released,
    )


_HELD = _summed(activations.c.status == ActivationStatus.ACTIVE)
_RELEASED = _summed(_WITH_CLIENT)
_CANCELLED_WITH = Statement(
    sa.select(*COLUMNS)
    .where(is_partner(activations.c.partner_id), activations.c.client_id == sa.bindparam("client_id"), _WITH_CLIENT)
    .order_by(activations.c.id)
    .limit(sa.bindparam("at_most", type_=sa.Integer)),
    ActivationRow,
)


async def held(connection: Connection, scope: Scope, client_ids: Sequence[int]) -> list[Released]:
    """Return what these clients hold, by product."""
    return list(await connection.fetch(_HELD.within(scope), {"partner_id": scope, "client_ids": client_ids}))


async def released(connection: Connection, scope: Scope, client_ids: Sequence[int]) -> list[Released]:
    """Return what the cancellation of these clients released, by product."""
    return list(await connection.fetch(_RELEASED.within(scope), {"partner_id": scope, "client_ids": client_ids}))


async def cancelled_with(
    connection: Connection, partner_id: int, client_id: int, *, at_most: int
) -> list[ActivationRow]:
    """Return the first activations, by id, that the cancellation of the client ended."""
    wanted = {"partner_id": partner_id, "client_id": client_id, "at_most": at_most}
    return list(await connection.fetch(_CANCELLED_WITH, wanted))
