"""Statements about events, and the numbers of each partner."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy import ColumnElement

from db.engine import Connection, Transaction, filters, one
from db.engine.expressions import KEEPING_KEYS, among, during
from db.engine.filters import PARTNER, Shape, tenancy, values_of
from db.engine.keyset import Sorting
from db.engine.listings import LISTINGS_KEPT, Listing
from db.engine.statement import Statement
from db.tables import events, partner_counters, users
from domain.access import VENDOR_ROLES
from domain.events import Event, EventType
from domain.tenancy import ALL_PARTNERS, Scope


class EventRow(NamedTuple):
    """Event."""

    id: int
    partner_id: int
    number: int
    type: EventType
    occurred_at: datetime
    actor_id: int | None
    client_id: int | None
    activation_id: int | None
    order_id: int | None
    token_id: int | None
    product_id: int | None
    user_id: int | None
    price_table_id: int | None


_COLUMNS = tuple(events.c[name] for name in EventRow._fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """Filter of events."""

    types: frozenset[EventType] | None = None
    client_id: int | None = None
    order_id: int | None = None
    occurred_from: datetime | None = None
    occurred_to: datetime | None = None


def listing(partner_id: int, chosen: EventFilter) -> Listing[EventRow]:
    """Return the list of the partner's events that match the filter, oldest first."""
    shape, values = filters.shaped(partner_id, chosen)
    return _listing(shape).of(values)


@lru_cache(maxsize=LISTINGS_KEPT)
def _listing(shape: Shape) -> Listing[EventRow]:
    return Listing(
        name="events",
        row=EventRow,
        columns=_COLUMNS,
        where=[events.c.partner_id == PARTNER, *_conditions(filters.named(EventFilter, shape))],
        key="number",
        sorting=Sorting(events.c.number, events.c.id),
    )


def _conditions(chosen: EventFilter) -> Iterable[ColumnElement[bool]]:
    if chosen.types is not None:
        yield among(events.c.type, "types")
    if chosen.client_id is not None:
        yield events.c.client_id == chosen.client_id
    if chosen.order_id is not None:
        yield events.c.order_id == chosen.order_id
    yield from during(events.c.occurred_at, chosen.occurred_from, chosen.occurred_to)


def of_partners(scope: Scope, partner_ids: Sequence[int]) -> Listing[EventRow]:
    """Return the lists of these partners' events, oldest first, with the cursors of `listing`."""
    values = {"partner_id": scope, "parent_ids": partner_ids}
    return (_OF_ANY_PARTNERS if scope is ALL_PARTNERS else _OF_PARTNERS).of(values)


def _of_partners(*, all_partners: bool) -> Listing[EventRow]:
    return Listing(
        name="events",
        row=EventRow,
        columns=_COLUMNS,
        where=[tenancy(all_partners=all_partners)(events.c.partner_id)],
        key="number",
        sorting=Sorting(events.c.number, events.c.id),
        parent=events.c.partner_id,
    )


_OF_PARTNERS, _OF_ANY_PARTNERS = _of_partners(all_partners=False), _of_partners(all_partners=True)
_BY_IDS = filters.by_ids(events, _COLUMNS, EventRow)


async def by_ids(connection: Connection, scope: Scope, ids: Sequence[int]) -> Mapping[int, EventRow]:
    """Return the events of a scope with these ids."""
    found = await connection.fetch(_BY_IDS.within(scope), {"partner_id": scope, "ids": ids})
    return {row.id: row for row in found}


class Numbers(NamedTuple):
    """Numbers that a partner's orders and events have reached."""

    order: int
    event: int


_OF_PARTNER = partner_counters.c.partner_id == sa.bindparam("of_partner")
_TAKEN = {
    column.name: column + sa.bindparam(f"more_{column.name}s", type_=sa.BigInteger)
    for column in (partner_counters.c.order_number, partner_counters.c.event_number)
}
_TAKE = (
    sa.update(partner_counters)
    .where(_OF_PARTNER)
    .values(_TAKEN)
    .returning(partner_counters.c.order_number, partner_counters.c.event_number)
)
_TAKE_NUMBERS = Statement(_TAKE, Numbers)
# The user's row is locked with the same statement: what is not committed by then waits for a deactivation, and fails.
_TAKE_NUMBERS_FOR_ACTOR = Statement(
    _TAKE.where(
        sa.select(users.c.id)
        .where(
            users.c.id == sa.bindparam("by_actor"),
            users.c.disabled_at.is_(None),
            # The vendor's users act on behalf of any partner.
            sa.or_(users.c.partner_id == sa.bindparam("of_partner"), *(users.c.role == role for role in VENDOR_ROLES)),
        )
        .with_for_update(read=True)
        .exists()
    ),
    Numbers,
)
_OF_EVENT = tuple(each.name for each in fields(Event))
_APPEND = Statement(
    sa.insert(events), values_of, inserted=["partner_id", "number", "occurred_at", "actor_id", *_OF_EVENT]
)


class ActorDisabledError(Exception):
    """The user who makes the change was disabled meanwhile."""


async def take_numbers(
    tx: Transaction, partner_id: int, *, orders: int = 0, events: int, actor_id: int | None
) -> Numbers:
    """Return the last numbers of as many new orders and events. The partner's counters are a transaction's last lock.

    Raises ActorDisabledError if the actor is disabled; until the transaction ends, no other one disables the actor.
    """
    wanted = {"of_partner": partner_id, "more_order_numbers": orders, "more_event_numbers": events}
    statement = _TAKE_NUMBERS if actor_id is None else _TAKE_NUMBERS_FOR_ACTOR
    taken = await one(tx, statement, wanted if actor_id is None else {**wanted, "by_actor": actor_id})
    if taken is None:
        raise ActorDisabledError
    return taken


async def append(
    tx: Transaction,
    partner_id: int,
    happened: Sequence[Event],
    *,
    actor_id: int | None,
    at: datetime,
    last: int | None = None,
) -> None:
    """Write events, up to the number `last`, or with numbers that it takes as `take_numbers` does."""
    if last is None:
        last = (await take_numbers(tx, partner_id, events=len(happened), actor_id=actor_id)).event
    first = last - len(happened) + 1
    common = {"partner_id": partner_id, "occurred_at": at, "actor_id": actor_id}
    lines = [
        {**common, "number": number, **{name: getattr(event, name) for name in _OF_EVENT}}
        for number, event in enumerate(happened, first)
    ]
    await tx.execute_many(_APPEND, lines)


_LOCK_COUNTERS: Statement[int] = Statement(
    sa.select(partner_counters.c.partner_id)
    .where(among(partner_counters.c.partner_id, "partner_ids"))
    .order_by(partner_counters.c.partner_id)
    .with_for_update(key_share=KEEPING_KEYS),
    int,
)
_NUMBER_ONE_EACH = Statement(
    sa.update(partner_counters)
    .where(among(partner_counters.c.partner_id, "partner_ids"))
    .values(event_number=partner_counters.c.event_number + 1)
    .returning(partner_counters.c.partner_id, partner_counters.c.event_number),
    values_of,
)


async def append_to_each(
    tx: Transaction, partner_ids: Sequence[int], event: Event, *, actor_id: int | None, at: datetime
) -> None:
    """Append the event to the feed of each of these partners, whose counters it locks by id."""
    wanted = {"partner_ids": sorted(set(partner_ids))}
    # An UPDATE of many rows locks them in no particular order.
    await tx.fetch(_LOCK_COUNTERS, wanted)
    common = {"occurred_at": at, "actor_id": actor_id, **{name: getattr(event, name) for name in _OF_EVENT}}
    numbered = await tx.fetch(_NUMBER_ONE_EACH, wanted)
    lines = [{**common, "partner_id": partner_id, "number": number} for partner_id, number in numbered]
    await tx.execute_many(_APPEND, lines)


_SET_COUNTERS = Statement(
    sa.update(partner_counters)
    .where(_OF_PARTNER)
    .values(order_number=sa.bindparam("orders"), event_number=sa.bindparam("events")),
    values_of,
)


async def set_counters(tx: Transaction, partner_id: int, *, order_number: int, event_number: int) -> None:
    """Set the last numbers of a partner's orders and events."""
    await tx.execute(_SET_COUNTERS, {"of_partner": partner_id, "orders": order_number, "events": event_number})
