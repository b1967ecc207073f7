"""Statements that lock and change activations."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from db import client_activity
from db.activations import COLUMNS, ActivationRow
from db.engine import Connection, Transaction, one, returned
from db.engine.expressions import KEEPING_KEYS, among, found_by_id
from db.engine.filters import PARTNER, value, values_of
from db.engine.row_batch import RowBatch
from db.engine.statement import Statement
from db.tables import activations
from domain.activations import ActivationCancellationReason, ActivationStatus, note_folded

_MINE = activations.c.partner_id == PARTNER, activations.c.id == sa.bindparam("activation_id")
_OF_CLIENT = activations.c.partner_id == PARTNER, activations.c.client_id == sa.bindparam("of_client")
_ACTIVE = activations.c.status == ActivationStatus.ACTIVE
_LOCK = Statement(sa.select(*COLUMNS).where(*_MINE).with_for_update(key_share=KEEPING_KEYS), ActivationRow)
_KEY_IN_USE: Statement[bool] = Statement(
    sa.select(
        sa.exists().where(
            *_OF_CLIENT,
            activations.c.product_id == sa.bindparam("product_id"),
            activations.c.activation_key == sa.bindparam("activation_key"),
            _ACTIVE,
        )
    ),
    value,
)
_PRINTERS_IN_USE: Statement[tuple[str, int]] = Statement(
    sa.select(activations.c.ecf_serial_number, activations.c.client_id)
    .where(activations.c.partner_id == PARTNER, among(activations.c.ecf_serial_number, "serial_numbers"), _ACTIVE)
    .distinct(),
    values_of,
)


async def printers_in_use(
    connection: Connection, partner_id: int, serial_numbers: Collection[str]
) -> Mapping[str, set[int]]:
    """Return the partner's clients that have an active activation with each of these printers, by serial number."""
    wanted = {"partner_id": partner_id, "serial_numbers": sorted(serial_numbers)}
    found: dict[str, set[int]] = {}
    for serial_number, client_id in await connection.fetch(_PRINTERS_IN_USE, wanted):
        found.setdefault(serial_number, set()).add(client_id)
    return found


async def locked(tx: Transaction, partner_id: int, activation_id: int) -> ActivationRow | None:
    """Lock the partner's activation until the transaction ends, and return it; None if there is none."""
    return await one(tx, _LOCK, {"partner_id": partner_id, "activation_id": activation_id})


async def key_in_use(tx: Transaction, partner_id: int, *, client_id: int, product_id: int, activation_key: str) -> bool:
    """Return whether the client, which the caller has locked, has an active activation of the product with the key."""
    wanted = {
        "partner_id": partner_id,
        "of_client": client_id,
        "product_id": product_id,
        "activation_key": activation_key,
    }
    return await returned(tx, _KEY_IN_USE, wanted)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewActivation:
    """New activation."""

    client_id: int
    product_id: int
    authorization_code: str
    activation_key: str
    ecf_serial_number: str | None
    seats: int
    additional_seats: int
    note: str | None
    client_name_folded: str


_OF_NEW = tuple(each.name for each in fields(NewActivation))
_ADD: Statement[int] = Statement(
    sa.insert(activations).values(status=ActivationStatus.ACTIVE).returning(activations.c.id),
    value,
    inserted=["partner_id", "activated_at", "updated_at", "activated_by_id", *_OF_NEW, "note_folded"],
)


async def add(tx: Transaction, partner_id: int, new: NewActivation, *, by_id: int, at: datetime) -> int:
    """Create an activation of a client, which the caller has locked, and return its id."""
    activation = {name: getattr(new, name) for name in _OF_NEW} | {"note_folded": note_folded(new.note)}
    made = {"partner_id": partner_id, "activated_at": at, "updated_at": at, "activated_by_id": by_id}
    await client_activity.add(tx, partner_id, {new.client_id: 1}, at=at)
    return await returned(tx, _ADD, {**activation, **made})


_ENDED = {
    "status": ActivationStatus.CANCELLED,
    "cancelled_at": sa.bindparam("at"),
    "cancelled_by_id": sa.bindparam("by_id"),
}
_CANCEL = Statement(
    sa.update(activations)
    .where(*_MINE, _ACTIVE)
    .values(
        _ENDED
        | {
            "cancellation_reason": sa.bindparam("reason"),
            "cancellation_note": sa.bindparam("note_of_it"),
            "cancellation_note_folded": sa.bindparam("folded_note"),
        }
    ),
    values_of,
)


class HeldLicense(NamedTuple):
    """Activation of a client, and what it holds of the stock while it is active."""

    id: int
    client_id: int
    status: ActivationStatus
    product_id: int
    additional_seats: int


_HELD = tuple(activations.c[name] for name in HeldLicense._fields)
_LOCK_OF_CLIENT = Statement(
    sa.select(*_HELD).where(*_OF_CLIENT).order_by(activations.c.id).with_for_update(key_share=KEEPING_KEYS),
    HeldLicense,
)
_IDS_OF_CLIENT: Statement[int] = Statement(sa.select(activations.c.id).where(*_OF_CLIENT), value)
_LOCK_THESE = Statement(
    sa.select(*_HELD)
    .where(found_by_id(activations.c.partner_id) == PARTNER, among(activations.c.id, "ids"))
    .order_by(activations.c.id)
    .with_for_update(key_share=KEEPING_KEYS),
    HeldLicense,
)
_NEW_NOTE: dict[str, sa.BindParameter[str | None]] = {
    "note": sa.bindparam("new_note"),
    "note_folded": sa.bindparam("new_note_folded"),
}
_REPLACE_PRINTER = Statement(
    sa.update(activations).where(*_MINE).values(ecf_serial_number=sa.bindparam("new_serial_number"), **_NEW_NOTE),
    values_of,
)
_SET_NOTE = Statement(sa.update(activations).where(*_MINE).values(_NEW_NOTE), values_of)
_POINT_TO = Statement(sa.update(activations).where(*_MINE).values(moved_to_id=sa.bindparam("moved_to")), values_of)


async def cancel(
    tx: Transaction,
    partner_id: int,
    activation: ActivationRow,
    *,
    reason: ActivationCancellationReason,
    by_id: int,
    at: datetime,
    note: str | None = None,
) -> bool:
    """Cancel an active activation, whose client the caller has locked; return False if it is not active."""
    which = {"partner_id": partner_id, "activation_id": activation.id}
    ending = {"reason": reason, "by_id": by_id, "at": at, "note_of_it": note, "folded_note": note_folded(note)}
    if await tx.execute(_CANCEL, which | ending) == 0:
        return False
    await client_activity.take(tx, partner_id, {activation.client_id: 1})
    return True


async def locked_of_client(
    tx: Transaction, partner_id: int, client_id: int, others: Sequence[int]
) -> RowBatch[HeldLicense]:
    """Lock all activations of a client together with those of other clients; return the client's active ones by id."""
    of_client = {"partner_id": partner_id, "of_client": client_id}
    if others:
        ids = await tx.fetch(_IDS_OF_CLIENT, of_client)
        found = await tx.fetch(_LOCK_THESE, {"partner_id": partner_id, "ids": sorted({*ids, *others})})
    else:
        found = await tx.fetch(_LOCK_OF_CLIENT, of_client)
    which = zip(found.column("client_id"), found.column("status"), strict=True)
    return found.of(place for place, each in enumerate(which) if each == (client_id, ActivationStatus.ACTIVE))


async def replace_printer(
    tx: Transaction,
    partner_id: int,
    activation_id: int,
    *,
    ecf_serial_number: str | None,
    note: str | None,
    at: datetime,
) -> None:
    """Write the serial number of another printer, or none, to an activation, with its note."""
    new = {"new_serial_number": ecf_serial_number, "new_note": note, "new_note_folded": note_folded(note)}
    await tx.execute(_REPLACE_PRINTER, {"partner_id": partner_id, "activation_id": activation_id, "at": at, **new})


async def set_note(tx: Transaction, partner_id: int, activation_id: int, note: str | None, *, at: datetime) -> None:
    """Write the note of an activation."""
    new = {"new_note": note, "new_note_folded": note_folded(note)}
    await tx.execute(_SET_NOTE, {"partner_id": partner_id, "activation_id": activation_id, "at": at, **new})


async def point_to(tx: Transaction, partner_id: int, moved: Sequence[tuple[int, int]], *, at: datetime) -> None:
    """Record the successor of each moved activation: pairs of the moved one and its successor."""
    await tx.execute_many(
        _POINT_TO,
        [
            {"partner_id": partner_id, "activation_id": activation_id, "moved_to": moved_to_id, "at": at}
            for activation_id, moved_to_id in moved
        ],
    )
