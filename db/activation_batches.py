"""Statements about many activations at once."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from db import activations as of_one
from db import client_activity
from db.activation_changes import NewActivation
from db.activations import COLUMNS, ActivationFilter, ActivationRow, ActivationSortKey
from db.engine import Connection, Transaction, listings
from db.engine.expressions import KEEPING_KEYS, among, found_by_id
from db.engine.filters import PARTNER, value, values_of
from db.engine.keyset import Window
from db.engine.statement import Statement
from db.tables import activations
from domain.activations import ActivationCancellationReason, ActivationStatus, note_folded


class KeyInUse(NamedTuple):
    """Key of an active activation of a product for a client."""

    client_id: int
    product_id: int
    activation_key: str


_ACTIVE = activations.c.status == ActivationStatus.ACTIVE
_THESE = found_by_id(activations.c.partner_id) == PARTNER, among(activations.c.id, "ids")
_LOCK = Statement(
    sa.select(*COLUMNS).where(*_THESE).order_by(activations.c.id).with_for_update(key_share=KEEPING_KEYS),
    ActivationRow,
)
_KEYS_IN_USE = Statement(
    sa.select(*(activations.c[name] for name in KeyInUse._fields)).where(
        activations.c.partner_id == PARTNER,
        among(activations.c.client_id, "client_ids"),
        among(activations.c.activation_key, "activation_keys"),
        _ACTIVE,
    ),
    KeyInUse,
)
_ADD: Statement[int] = Statement(
    sa.insert(activations).values(status=ActivationStatus.ACTIVE).returning(activations.c.id),
    value,
    inserted=[
        *("partner_id", "activated_at", "updated_at", "activated_by_id"),
        *NewActivation.__dataclass_fields__,
        "note_folded",
    ],
)
_CANCEL = Statement(
    sa.update(activations)
    .where(*_THESE, _ACTIVE)
    .values(
        status=ActivationStatus.CANCELLED,
        cancelled_at=sa.bindparam("at"),
        cancelled_by_id=sa.bindparam("by_id"),
        cancellation_reason=sa.bindparam("reason"),
        cancellation_note=sa.bindparam("note_of_it"),
        cancellation_note_folded=sa.bindparam("folded_note"),
    ),
    values_of,
)


async def active(connection: Connection, partner_id: int, chosen: ActivationFilter, *, at_most: int) -> list[int]:
    """Return the ids of the first active activations that match the filter, oldest first."""
    listing = _listing(partner_id, chosen)
    page = await listings.page(connection, listing, Window(at_most), frozenset({"id"}))
    return [row.id for row in page.rows]


async def count_active(connection: Connection, partner_id: int, chosen: ActivationFilter) -> int:
    """Return the number of active activations that match the filter."""
    return await listings.count(connection, _listing(partner_id, chosen))


async def still_active(tx: Transaction, partner_id: int, chosen: ActivationFilter, ids: Sequence[int]) -> list[int]:
    """Return which of these activations, which the caller has locked, are active and match the filter, oldest first."""
    return await listings.those_in(tx, _listing(partner_id, chosen), ids)


def _listing(partner_id: int, chosen: ActivationFilter) -> listings.Listing[ActivationRow]:
    active_only = frozenset({ActivationStatus.ACTIVE})
    # An empty set is the filter of an empty list, which matches nothing.
    of_active = replace(chosen, status=active_only if chosen.status is None else chosen.status & active_only)
    return of_one.listing(partner_id, of_active, ActivationSortKey.ACTIVATED_AT, descending=False)


async def locked(tx: Transaction, partner_id: int, ids: Collection[int]) -> dict[int, ActivationRow]:
    """Lock the partner's activations with these ids, by id, until the transaction ends; return them by id."""
    found = await tx.fetch(_LOCK, {"partner_id": partner_id, "ids": sorted(set(ids))})
    return {row.id: row for row in found}


async def keys_in_use(
    tx: Transaction, partner_id: int, *, client_ids: Collection[int], activation_keys: Collection[str]
) -> set[KeyInUse]:
    """Return which of these keys active activations of these clients have, which the caller has locked."""
    wanted = {"client_ids": sorted(set(client_ids)), "activation_keys": sorted(set(activation_keys))}
    return set(await tx.fetch(_KEYS_IN_USE, {"partner_id": partner_id, **wanted}))


async def add(tx: Transaction, partner_id: int, new: Sequence[NewActivation], *, by_id: int, at: datetime) -> list[int]:
    """Create activations of clients, which the caller has locked, and return their ids in this order."""
    await client_activity.add(tx, partner_id, Counter(each.client_id for each in new), at=at)
    common = {"partner_id": partner_id, "activated_at": at, "updated_at": at, "activated_by_id": by_id}
    rows = [{**asdict(each), "note_folded": note_folded(each.note), **common} for each in new]
    return list(await tx.execute_many(_ADD, rows))


async def cancel(
    tx: Transaction,
    partner_id: int,
    by_note: Mapping[str | None, Sequence[ActivationRow]],
    *,
    reason: ActivationCancellationReason,
    by_id: int,
    at: datetime,
) -> None:
    """Cancel activations with one statement for each note; the caller has locked them, their clients before.

    It has found them active.
    """
    common = {"partner_id": partner_id, "reason": reason, "by_id": by_id, "at": at}
    for note, ended in by_note.items():
        notes = {"note_of_it": note, "folded_note": note_folded(note)}
        await tx.execute(_CANCEL, {**common, **notes, "ids": sorted(each.id for each in ended)})
    of_clients = Counter(each.client_id for ended in by_note.values() for each in ended)
    await client_activity.take(tx, partner_id, of_clients)
