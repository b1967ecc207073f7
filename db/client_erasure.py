"""Cancellation of a client and its activations, which erases what identifies it."""

from collections import Counter
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement

from db.clients import ClientRow
from db.engine import Transaction, returned
from db.engine.filters import PARTNER, values_of
from db.engine.statement import Statement
from db.tables import activations, clients
from domain.activations import ActivationCancellationReason, ActivationStatus
from domain.clients import ClientStatus
from domain.erasure import ERASED_KEY, ErasedKind

_MINE = clients.c.partner_id == PARTNER, clients.c.id == sa.bindparam("client_id")
_ERASE = Statement(
    sa.update(clients)
    .where(*_MINE)
    .values(
        status=ClientStatus.CANCELLED,
        cnpj=None,
        name=None,
        name_folded="",
        trade_name=None,
        trade_name_folded="",
        names_folded="",
        city=None,
        city_folded="",
        state=None,
        cancelled_at=sa.bindparam("at"),
        cancelled_by_id=sa.bindparam("by_id"),
        cancellation_note=sa.bindparam("note"),
        active_activations=0,
    ),
    values_of,
)
_ACTIVATIONS_OF = activations.c.partner_id == PARTNER, activations.c.client_id == sa.bindparam("of_client")
_OPAQUE = sa.literal(ERASED_KEY) + sa.cast(activations.c.id, sa.Text)


def _if_active(name: str, new: ColumnElement[Any]) -> ColumnElement[Any]:
    column = activations.c[name]
    return sa.case((activations.c.status == ActivationStatus.ACTIVE, new), else_=column)


# In one statement: PostgreSQL writes a whole row, and an entry of each index, each time.
_END_AND_ERASE_ACTIVATIONS = Statement(
    sa.update(activations)
    .where(*_ACTIVATIONS_OF)
    .values(
        status=ActivationStatus.CANCELLED,
        cancelled_at=_if_active("cancelled_at", sa.bindparam("at", type_=activations.c.cancelled_at.type)),
        cancelled_by_id=_if_active("cancelled_by_id", sa.bindparam("by_id", type_=sa.BigInteger)),
        cancellation_reason=_if_active(
            "cancellation_reason",
            sa.literal(ActivationCancellationReason.CLIENT_CANCELLED, activations.c.cancellation_reason.type),
        ),
        client_name_folded="",
        note=None,
        note_folded=None,
        cancellation_note=None,
        cancellation_note_folded=None,
        activation_key=_OPAQUE,
        ecf_serial_number=sa.case((activations.c.ecf_serial_number.is_not(None), _OPAQUE)),
    ),
    values_of,
)
_HELD = activations.c
_OWN_TEXTS: Statement[tuple[int, int, int]] = Statement(
    sa.select(
        sa.func.count(),
        sa.func.count(_HELD.ecf_serial_number),
        sa.func.count(_HELD.note) + sa.func.count(_HELD.cancellation_note),
    ).where(*_ACTIVATIONS_OF),
    values_of,
)


async def erase(
    tx: Transaction, partner_id: int, client: ClientRow, *, by_id: int, at: datetime, note: str | None
) -> Counter[ErasedKind]:
    """Cancel a client and its activations, erase what identifies it, and return the number of values of each kind."""
    of_client = {"partner_id": partner_id, "of_client": client.id}
    keys, serials, notes = await returned(tx, _OWN_TEXTS, of_client)
    await tx.execute(_ERASE, {"partner_id": partner_id, "client_id": client.id, "by_id": by_id, "at": at, "note": note})
    await tx.execute(_END_AND_ERASE_ACTIVATIONS, {**of_client, "by_id": by_id, "at": at})
    return Counter(
        {
            ErasedKind.CNPJ: client.cnpj is not None,
            ErasedKind.NAME: client.name is not None,
            ErasedKind.TRADE_NAME: client.trade_name is not None,
            ErasedKind.CITY: client.city is not None,
            ErasedKind.STATE: client.state is not None,
            ErasedKind.ACTIVATION_KEY: keys,
            ErasedKind.ECF_SERIAL_NUMBER: serials,
            ErasedKind.ACTIVATION_NOTE: notes,
        }
    )
