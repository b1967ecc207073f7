"""Statements that append to the log of each partner's events, and number its events and orders."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from functools import lru_cache
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple, TypeAlias, cast

import sqlalchemy as sa
from sqlalchemy import ColumnElement

from db import change_times
from db.actors import Rights, Shape, may_act
from db.engine import Transaction, one
from db.engine.column_types import Many
from db.engine.expressions import KEEPING_KEYS, among, hashed
from db.engine.filters import values_of
from db.engine.statement import Statement
from db.tables import events, partner_counters
from domain import audit
from domain.audit import HASH_LENGTH, chain, content
from domain.events import Event, EventOfEach

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


@lru_cache
def _numbering(*, is_one: bool, actor: bool, shape: Shape | None) -> Statement[_Taken]:
    statement = _NUMBER_ONE if is_one else _NUMBER_MANY
    return Statement(statement.where(may_act(shape)) if actor else statement, _Taken)


_SET_HASH = Statement(
    sa.update(partner_counters).where(_OF_PARTNER).values(event_hash=sa.bindparam("last_hash")), values_of
)


# As `append` does: the actor's row is locked before the counters, which a deactivation locks after the user's row.
@lru_cache
def _numbering_of_order(shape: Shape) -> Statement[int]:
    return Statement(
        sa.update(partner_counters)
        .where(_OF_PARTNER, may_act(shape))
        .values(order_number=partner_counters.c.order_number + 1)
        .returning(partner_counters.c.order_number),
        int,
    )


_OF_EVENT = tuple(sorted(each.name for each in fields(Event)))
_SHARED_NAMES = tuple(name for name in _OF_EVENT if name != "activation_id")
_SHARED = attrgetter(*_SHARED_NAMES)
"""Values of an event that many of one transaction share, which end one activation each."""
_COMMON_NAMES = ("partner_id", "occurred_at", "actor_id", *_SHARED_NAMES)
_APPEND = Statement(
    sa.insert(events), values_of, inserted=["partner_id", "number", "occurred_at", "actor_id", "hash", *_OF_EVENT]
)
_ALIKE = 100
"""From how many events on that differ only in their activation one statement makes all of them from their ids."""


def _appending_alike(each: sa.TableValuedAlias, index: ColumnElement[int]) -> sa.Insert:
    """Return the insert of an event for each of the activations, at this index, with its part of all the hashes."""
    begin = sa.cast(index * HASH_LENGTH + 1, sa.Integer)
    values: dict[str, ColumnElement[Any]] = {
        **{name: sa.bindparam(name, type_=events.c[name].type) for name in _COMMON_NAMES},
        "number": sa.bindparam("first", type_=sa.BigInteger) + index,
        "activation_id": each.c.value,
        "hash": sa.func.substr(sa.bindparam("hashes", type_=sa.LargeBinary), begin, HASH_LENGTH),
    }
    return sa.insert(events).from_select(list(values), sa.select(*values.values()).order_by(each.c.key))


_IDS: sa.BindParameter[Any] = sa.bindparam("activation_ids", type_=Many(sa.BigInteger()))
_ON_SQLITE = sa.func.json_each(_IDS).table_valued("key", "value", name="ended")
_ON_POSTGRESQL = (
    sa.func.unnest(_IDS)
    .table_valued(sa.column("value", sa.BigInteger), with_ordinality="key", name="ended")
    .render_derived()
)
_APPEND_ALIKE = Statement(
    _appending_alike(_ON_POSTGRESQL, _ON_POSTGRESQL.c.key - 1),
    values_of,
    on_sqlite=_appending_alike(_ON_SQLITE, _ON_SQLITE.c.key),
)


_Group: TypeAlias = tuple[Mapping[str, object], Sequence[int | None]]
"""Events in a row that differ only in their activation: what they share, and the activation of each."""


class ActorLostError(Exception):
    """The user who makes the change was disabled meanwhile, or lost the rights to make it."""


async def append(
    tx: Transaction,
    partner_id: int,
    happened: Sequence[Event | EventOfEach],
    *,
    actor_id: int | None,
    at: datetime,
    rights: Rights | None = None,
    again: bool = False,
) -> None:
    """Number and write events. The partner's counters are the last lock that a transaction takes.

    Unless it appends `again`, it moves the clients and activations that were changed before, at the same time, to a
    later time than that of any earlier commit. Raises ActorLostError if the actor is disabled, or has the rights no
    more; until the transaction ends, no other one disables the actor or changes the role.
    """
    groups, contents = _grouped(happened, {"actor_id": actor_id, "occurred_at": at})
    is_one = len(contents) == 1
    clock = change_times.microseconds(at)
    wanted: dict[str, object] = {"of_partner": partner_id, "by_actor": actor_id, "clock": clock}
    wanted["content" if is_one else "more"] = contents[0] if is_one else len(contents)
    if rights is not None:
        wanted["by_token"] = rights.token_id
    shape = None if rights is None else rights.shape
    taken = await one(tx, _numbering(is_one=is_one, actor=actor_id is not None, shape=shape), wanted)
    if taken is None:
        raise ActorLostError
    last, hash_, time = taken
    hashes = [hash_]
    if not is_one:
        hashes = chain(hash_, contents)
        await tx.execute(_SET_HASH, {"of_partner": partner_id, "last_hash": hashes[-1]})
    await _write(tx, partner_id, groups, last - len(contents) + 1, hashes)
    if time != clock and not again and any(shared["client_id"] is not None for shared, _ in groups):
        await change_times.move(tx, partner_id, clock=at, taken=time)


def _grouped(happened: Sequence[Event | EventOfEach], common: Mapping[str, object]) -> tuple[list[_Group], list[bytes]]:
    """Return events in groups, and the content of each, which is written once for a group."""
    groups: list[_Group] = []
    contents: list[bytes] = []
    for values, activation_ids in _alike(happened):
        shared = {**common, **dict(zip(_SHARED_NAMES, values, strict=True))}
        groups.append((shared, activation_ids))
        contents += audit.contents(shared, activation_ids)
    return groups, contents


def _alike(happened: Sequence[Event | EventOfEach]) -> Iterator[tuple[Sequence[object], Sequence[int | None]]]:
    """Yield the values that events in a row share, in the order of their names, and the activation of each."""
    for kind, some in groupby(happened, type):
        if kind is EventOfEach:
            for each in cast("Iterable[EventOfEach]", some):
                yield _SHARED(each.event), each.activation_ids
        else:
            for values, alike in groupby(cast("Iterable[Event]", some), _SHARED):
                yield values, [event.activation_id for event in alike]


async def _write(
    tx: Transaction, partner_id: int, groups: Sequence[_Group], first: int, hashes: Sequence[bytes]
) -> None:
    """Insert events, whose numbers follow each other from the first one on."""
    lines: list[dict[str, object]] = []
    place = 0
    for shared, activation_ids in groups:
        end = place + len(activation_ids)
        if len(activation_ids) < _ALIKE:
            for at, activation_id in enumerate(activation_ids, place):
                of_event = {"activation_id": activation_id, "number": first + at, "hash": hashes[at]}
                lines.append({"partner_id": partner_id, **shared, **of_event})
        else:
            await tx.execute_many(_APPEND, lines)
            lines = []
            ids = {"activation_ids": activation_ids, "first": first + place, "hashes": b"".join(hashes[place:end])}
            await tx.execute(_APPEND_ALIKE, {"partner_id": partner_id, **shared, **ids})
        place = end
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


async def next_order_number(tx: Transaction, partner_id: int, *, actor_id: int, rights: Rights) -> int:
    """Return the next number of the partner's orders. It takes the same last locks as `append`, which may follow.

    Raises ActorLostError as `append` does.
    """
    wanted = {"of_partner": partner_id, "by_actor": actor_id, "by_token": rights.token_id}
    number = await one(tx, _numbering_of_order(rights.shape), wanted)
    if number is None:
        raise ActorLostError
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
