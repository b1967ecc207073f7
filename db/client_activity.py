"""What clients keep of their activations: the time of the latest one, and the number of active ones.

By these, an index has clients in the order of their latest activations, and those with or without active ones. Only
statements that write activations call these, after their transaction has locked the clients.
"""

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa

from db.engine import Transaction
from db.engine.column_types import Id, Instant
from db.engine.filters import PARTNER, values_of
from db.engine.statement import Statement
from db.tables import activations
from domain.activations import ActivationStatus

# An UPDATE of the table itself would set the time of the client's last change.
_CLIENTS = sa.table(
    "clients",
    sa.column("partner_id", Id),
    sa.column("id", Id),
    sa.column("last_activated_at", Instant()),
    sa.column("active_activations", sa.Integer()),
)
_NUMBER: sa.BindParameter[int] = sa.bindparam("number", type_=sa.Integer())
_ACTIVATED_AT: sa.BindParameter[datetime] = sa.bindparam("activated_at", type_=Instant())
_LATEST, _ACTIVE = _CLIENTS.c.last_activated_at, _CLIENTS.c.active_activations
_CHANGE = sa.update(_CLIENTS).where(_CLIENTS.c.partner_id == PARTNER, _CLIENTS.c.id == sa.bindparam("of_client"))
_COUNTED = (
    sa.select(
        activations.c.client_id,
        sa.func.max(activations.c.activated_at).label("latest"),
        sa.func.sum(sa.case((activations.c.status == ActivationStatus.ACTIVE, 1), else_=0)).label("active"),
    )
    .where(activations.c.partner_id == PARTNER)
    .group_by(activations.c.client_id)
    .subquery("counted")
)

_ADD = Statement(
    _CHANGE.values(
        active_activations=_ACTIVE + _NUMBER,
        last_activated_at=sa.case((_LATEST < _ACTIVATED_AT, _ACTIVATED_AT), else_=_LATEST),
    ),
    values_of,
)
_TAKE = Statement(_CHANGE.values(active_activations=_ACTIVE - _NUMBER), values_of)
_COUNT = Statement(
    sa.update(_CLIENTS)
    .where(_CLIENTS.c.partner_id == PARTNER, _CLIENTS.c.id == _COUNTED.c.client_id)
    .values(last_activated_at=_COUNTED.c.latest, active_activations=_COUNTED.c.active),
    values_of,
)


async def add(tx: Transaction, partner_id: int, numbers: Mapping[int, int], *, at: datetime) -> None:
    """Count new active activations: the number of each client, by its id."""
    common = {"partner_id": partner_id, "activated_at": at}
    await tx.execute_many(_ADD, [{"of_client": each, "number": numbers[each], **common} for each in sorted(numbers)])


async def take(tx: Transaction, partner_id: int, numbers: Mapping[int, int]) -> None:
    """Count so many active activations less: the number of each client, by its id."""
    common = {"partner_id": partner_id}
    await tx.execute_many(_TAKE, [{"of_client": each, "number": numbers[each], **common} for each in sorted(numbers)])


async def count(tx: Transaction, partner_id: int) -> None:
    """Count all activations of a partner's clients, which were written at once."""
    await tx.execute(_COUNT, {"partner_id": partner_id})
