"""Statements that read events, and the last number of each partner."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy import ColumnElement

from db.engine import Connection, Transaction, filters, one
from db.engine.expressions import among, during
from db.engine.filters import PARTNER, Shape, scoped, tenancy, value, values_of
from db.engine.keyset import Sorting
from db.engine.listings import LISTINGS_KEPT, Listing
from db.engine.statement import Statement
from db.tables import events, partner_counters
from domain.events import EventType
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


_RANGE = frozenset({"types", "occurred_from", "occurred_to"})
_SAME = frozenset(each.name for each in fields(EventFilter)) - _RANGE
"""Fields of a filter that an event has too."""


def matching(chosen: EventFilter) -> Callable[[EventRow], bool]:
    """Return the filter as a function, which chooses the events that its statement does."""
    same = [(name, value) for name in sorted(_SAME) if (value := getattr(chosen, name)) is not None]

    def matches(row: EventRow) -> bool:
        return (
            (chosen.types is None or row.type in chosen.types)
            and (chosen.occurred_from is None or row.occurred_at >= chosen.occurred_from)
            and (chosen.occurred_to is None or row.occurred_at < chosen.occurred_to)
            and all(getattr(row, name) == value for name, value in same)
        )

    return matches


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
        yield filters.one_of(events.c.type, "types", chosen.types)
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
