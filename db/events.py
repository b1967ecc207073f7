"""Statements about events, and the numbers of each partner."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import lru_cache
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy import ColumnElement

from db import change_times
from db.engine import Connection, Transaction, filters, one
from db.engine.expressions import KEEPING_KEYS, among, during, hashed
from db.engine.filters import PARTNER, Shape, scoped, tenancy, value, values_of
from db.engine.keyset import Sorting
from db.engine.listings import LISTINGS_KEPT, Listing
from db.engine.statement import Statement
from db.tables import events, partner_counters, users
from domain import audit
from domain.access import VENDOR_ROLES
from domain.audit import chain, content
from domain.events import Event, EventType
from domain.exports import ExportList
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
    webhook_id: int | None
    erased: str | None
    exported_list: ExportList | None
    hash: bytes


_COLUMNS = tuple(events.c[name] for name in EventRow._fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """Filter of events."""

    types: frozenset[EventType] | None = None
    client_id: int | None = None
    order_id: int | None = None
    product_id: int | None = None
    activation_id: int | None = None
    user_id: int | None = None
    actor_id: int | None = None
    token_id: int | None = None
    price_table_id: int | None = None
    webhook_id: int | None = None
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
        kept=None if shape else _KEPT,
    )


# Numbers are given without a gap, and the oldest are dropped first.
_number_kept = partner_counters.c.event_number - partner_counters.c.dropped_number
_KEPT: Statement[int] = Statement(
    sa.select(_number_kept).where(partner_counters.c.partner_id == PARTNER), value, reads=filters.one_row
)
_KEPT_OF_EACH = scoped(
    lambda mine: Statement(
        sa.select(partner_counters.c.partner_id, _number_kept).where(
            mine(partner_counters.c.partner_id), among(partner_counters.c.partner_id, "parent_ids")
        ),
        values_of,
    )
)


def _conditions(chosen: EventFilter) -> Iterable[ColumnElement[bool]]:
    if chosen.types is not None:
        yield among(events.c.type, "types")
    for column, wanted in (
        (events.c.client_id, chosen.client_id),
        (events.c.order_id, chosen.order_id),
        (events.c.product_id, chosen.product_id),
        (events.c.activation_id, chosen.activation_id),
        (events.c.user_id, chosen.user_id),
        (events.c.actor_id, chosen.actor_id),
        (events.c.token_id, chosen.token_id),
        (events.c.price_table_id, chosen.price_table_id),
        (events.c.webhook_id, chosen.webhook_id),
    ):
        if wanted is not None:
            yield column == wanted
    yield from during(events.c.occurred_at, chosen.occurred_from, chosen.occurred_to)


_LAST_NUMBERS: Statement[tuple[int, int]] = Statement(
    sa.select(partner_counters.c.partner_id, partner_counters.c.event_number).where(
        among(partner_counters.c.partner_id, "partner_ids")
    ),
    values_of,
    reads=filters.one_each("partner_ids"),
)


async def last_numbers(connection: Connection, partner_ids: Sequence[int]) -> Mapping[int, int]:
    """Return the number of the last event of each of these partners, 0 before the first one."""
    return dict(await connection.fetch(_LAST_NUMBERS, {"partner_ids": partner_ids}))


SPAN_MAX = 1_000
"""Maximum of numbers that one `between` looks through."""


async def between(
    connection: Connection, partner_id: int, chosen: EventFilter, *, after: int, last: int, at_most: int = SPAN_MAX
) -> Sequence[EventRow]:
    """Return the first events of the filter whose numbers are above `after` and up to `last`, in order."""
    shape, values = filters.shaped(partner_id, chosen)
    span = {"after": after, "last": min(last, after + SPAN_MAX), "at_most": at_most}
    return await connection.fetch(_between(shape), {**values, **span})


@lru_cache(maxsize=LISTINGS_KEPT)
def _between(shape: Shape) -> Statement[EventRow]:
    return Statement(
        sa.select(*_COLUMNS)
        .where(
            events.c.partner_id == PARTNER,
            events.c.number > sa.bindparam("after"),
            events.c.number <= sa.bindparam("last"),
            *_conditions(filters.named(EventFilter, shape)),
        )
        .order_by(events.c.number)
        .limit(sa.bindparam("at_most", type_=sa.Integer)),
        EventRow,
        # A filter may choose only the last ones.
        reads=lambda values: values["last"] - values["after"],
    )


_ANY_AFTER: Statement[int] = Statement(
    sa.select(events.c.id)
    .where(
        events.c.partner_id == PARTNER,
        events.c.number > sa.bindparam("after"),
        events.c.type == sa.bindparam("type", type_=events.c.type.type),
    )
    .limit(1),
    value,
)


async def has_after(tx: Transaction, partner_id: int, type_: EventType, after: int) -> bool:
    """Return whether the partner has an event of the type with a number above `after`."""
    return await one(tx, _ANY_AFTER, {"partner_id": partner_id, "type": type_, "after": after}) is not None


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
        kept=_KEPT_OF_EACH.of_all if all_partners else _KEPT_OF_EACH.of_partner,
    )


_OF_PARTNERS, _OF_ANY_PARTNERS = _of_partners(all_partners=False), _of_partners(all_partners=True)
by_ids = filters.rows_by_id(events, _COLUMNS, EventRow)
"""The events of a scope, by id."""


_OF_PARTNER = partner_counters.c.partner_id == sa.bindparam("of_partner")
_ONE_MORE = {
    "event_number": partner_counters.c.event_number + 1,
    # The database chains one event itself, so that its hash takes no statement of its own.
    "event_hash": hashed(partner_counters.c.event_hash, sa.bindparam("content", type_=sa.LargeBinary)),
    "changed_at": change_times.TAKEN,
}
_TAKEN = partner_counters.c.event_number, partner_counters.c.event_hash, partner_counters.c.changed_at
_NUMBER_ONE = sa.update(partner_counters).where(_OF_PARTNER).values(_ONE_MORE).returning(*_TAKEN)
_NUMBER_MANY = (
    sa.update(partner_counters)
    .where(_OF_PARTNER)
    .values(
        event_number=partner_counters.c.event_number + sa.bindparam("more", type_=sa.BigInteger),
        changed_at=change_times.TAKEN,
    )
    .returning(*_TAKEN)
)


class _Taken(NamedTuple):
    """Last number of a partner's events, a hash, and the time that the transaction took, in microseconds.

    The hash is that of the new event if it is one, and of the former one if many.
    """

    number: int
    hash: bytes
    time: int


# The user's row is locked with the same statement: what is not committed by then waits for a deactivation, and fails.
_ENABLED = (
    sa.select(users.c.id)
    .where(
        users.c.id == sa.bindparam("by_actor"),
        users.c.disabled_at.is_(None),
        # The vendor's users act on behalf of any partner.
        sa.or_(users.c.partner_id == sa.bindparam("of_partner"), *(users.c.role == role for role in VENDOR_ROLES)),
    )
    .with_for_update(read=True)
    .exists()
)
_NUMBER = {
    (is_one, has_actor): Statement(statement.where(_ENABLED) if has_actor else statement, _Taken)
    for is_one, statement in ((True, _NUMBER_ONE), (False, _NUMBER_MANY))
    for has_actor in (True, False)
}
_SET_HASH = Statement(
    sa.update(partner_counters).where(_OF_PARTNER).values(event_hash=sa.bindparam("last_hash")), values_of
)
# As `append` does: the actor's row is locked before the counters, which a deactivation locks after the user's row.
_NUMBER_AN_ORDER = Statement(
    sa.update(partner_counters)
    .where(_OF_PARTNER, _ENABLED)
    .values(order_number=partner_counters.c.order_number + 1)
    .returning(partner_counters.c.order_number),
    int,
)
_OF_EVENT = tuple(sorted(each.name for each in fields(Event)))
_SHARED_NAMES = tuple(name for name in _OF_EVENT if name != "activation_id")
_SHARED = attrgetter(*_SHARED_NAMES)
"""Values of an event that many of one transaction share, which end one activation each."""
_APPEND = Statement(
    sa.insert(events), values_of, inserted=["partner_id", "number", "occurred_at", "actor_id", "hash", *_OF_EVENT]
)


class ActorDisabledError(Exception):
    """The user who makes the change was disabled meanwhile."""


async def append(
    tx: Transaction,
    partner_id: int,
    happened: Sequence[Event],
    *,
    actor_id: int | None,
    at: datetime,
    again: bool = False,
) -> None:
    """Number and write events. The partner's counters are the last lock that a transaction takes.

    Unless it appends `again`, it moves the clients and activations that were changed before, at the same time, to a
    later time than that of any earlier commit. Raises ActorDisabledError if the actor is disabled; until the
    transaction ends, no other one disables the actor.
    """
    lines, contents = _lines(happened, {"actor_id": actor_id, "occurred_at": at})
    is_one = len(lines) == 1
    clock = change_times.microseconds(at)
    wanted: dict[str, object] = {"of_partner": partner_id, "by_actor": actor_id, "clock": clock}
    wanted["content" if is_one else "more"] = contents[0] if is_one else len(lines)
    taken = await one(tx, _NUMBER[is_one, actor_id is not None], wanted)
    if taken is None:
        raise ActorDisabledError
    last, hash_, time = taken
    hashes = [hash_]
    if not is_one:
        hashes = chain(hash_, contents)
        await tx.execute(_SET_HASH, {"of_partner": partner_id, "last_hash": hashes[-1]})
    first = last - len(lines) + 1
    for number, line in enumerate(lines):
        line["partner_id"], line["number"], line["hash"] = partner_id, first + number, hashes[number]
    await tx.execute_many(_APPEND, lines)
    if time != clock and not again and any(event.client_id is not None for event in happened):
        await change_times.move(tx, partner_id, clock=at, taken=time)


def _lines(happened: Sequence[Event], common: Mapping[str, object]) -> tuple[list[dict[str, object]], list[bytes]]:
    """Return the values of events by column, and their contents, which are written once for events in a row."""
    lines: list[dict[str, object]] = []
    contents: list[bytes] = []
    for values, alike in groupby(happened, _SHARED):
        shared = {**common, **dict(zip(_SHARED_NAMES, values, strict=True))}
        activation_ids = [event.activation_id for event in alike]
        lines += [{**shared, "activation_id": activation_id} for activation_id in activation_ids]
        contents += audit.contents(shared, activation_ids)
    return lines, contents


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
    .values(_ONE_MORE)
    .returning(partner_counters.c.partner_id, *_TAKEN),
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
    clock = change_times.microseconds(at)
    numbered = await tx.fetch(_NUMBER_ONE_EACH, {**wanted, "content": content(common), "clock": clock})
    lines = [
        {**common, "partner_id": partner_id, "number": number, "hash": hash_}
        for partner_id, number, hash_, _ in numbered
    ]
    await tx.execute_many(_APPEND, lines)


async def next_order_number(tx: Transaction, partner_id: int, *, actor_id: int) -> int:
    """Return the next number of the partner's orders. It takes the same last locks as `append`, which may follow.

    Raises ActorDisabledError if the actor is disabled.
    """
    number = await one(tx, _NUMBER_AN_ORDER, {"of_partner": partner_id, "by_actor": actor_id})
    if number is None:
        raise ActorDisabledError
    return number


_SET_COUNTERS = Statement(
    sa.update(partner_counters)
    .where(_OF_PARTNER)
    .values(
        order_number=sa.bindparam("orders"),
        event_number=sa.bindparam("events"),
        event_hash=sa.bindparam("last_hash"),
        changed_at=sa.bindparam("last_time"),
    ),
    values_of,
)


async def set_counters(
    tx: Transaction, partner_id: int, *, order_number: int, event_number: int, event_hash: bytes, at: datetime
) -> None:
    """Set the last numbers of a partner's orders and events, and the hash and time of the last event."""
    last: dict[str, object] = {"orders": order_number, "events": event_number, "last_hash": event_hash}
    last["last_time"] = change_times.microseconds(at)
    await tx.execute(_SET_COUNTERS, {"of_partner": partner_id, **last})
