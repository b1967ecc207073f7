"""Statements about deliveries: each attempt to send a message to a webhook."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from db.engine import Connection, Transaction, one, returned
from db.engine.column_types import Instant
from db.engine.deletions import deletion
from db.engine.expressions import among, found_by_id
from db.engine.filters import PARTNER, RowsById, is_partner, of_parents, one_each, value, values_of
from db.engine.keyset import Sorting
from db.engine.listings import Listing
from db.engine.statement import Statement
from db.tables import webhook_deliveries, webhooks
from domain.tenancy import ALL_PARTNERS, Scope
from domain.webhooks import DeliveryFailure, DeliveryStatus


class DeliveryRow(NamedTuple):
    """Attempt to deliver a message, or one that waits to be sent."""

    id: int
    partner_id: int
    webhook_id: int
    message_id: str
    first_number: int | None
    last_number: int | None
    filter: str | None
    batched: bool | None
    attempt: int
    status: DeliveryStatus
    failure: DeliveryFailure | None
    http_status: int | None
    created_at: datetime
    duration_ms: int | None
    answer: str | None
    next_attempt_at: datetime | None


class Message(NamedTuple):
    """Message to a webhook: its id, and which events are in it, or none if it is a ping."""

    message_id: str
    first_number: int | None = None
    last_number: int | None = None
    filter: str | None = None
    """Filter of the events between the numbers."""
    batched: bool | None = None
    """Whether it has a list of events."""


def message_of(row: DeliveryRow) -> Message:
    """Return the message of a delivery."""
    return Message(row.message_id, row.first_number, row.last_number, row.filter, row.batched)


class Attempt(NamedTuple):
    """What became of an attempt."""

    attempt: int
    status: DeliveryStatus
    failure: DeliveryFailure | None
    http_status: int | None
    duration_ms: int | None
    answer: str | None
    next_attempt_at: datetime | None


class Overfull(NamedTuple):
    """Webhook, and its newest delivery whose answer is not kept; None if all are."""

    partner_id: int
    webhook_id: int
    upto: int | None


QUEUED = Attempt(1, DeliveryStatus.QUEUED, None, None, None, None, None)
"""An attempt that is asked for, and not made yet."""

_COLUMNS = tuple(webhook_deliveries.c[name] for name in DeliveryRow._fields)
_OF_WEBHOOK = (
    webhook_deliveries.c.partner_id == PARTNER,
    webhook_deliveries.c.webhook_id == sa.bindparam("webhook_id"),
)
_IS_QUEUED = webhook_deliveries.c.status == DeliveryStatus.QUEUED
_ADD: Statement[int] = Statement(
    sa.insert(webhook_deliveries).returning(webhook_deliveries.c.id),
    value,
    inserted=["partner_id", "webhook_id", "created_at", *Message._fields, *Attempt._fields],
)
_QUEUE = Statement(
    sa.select(*_COLUMNS).where(*_OF_WEBHOOK, _IS_QUEUED).order_by(webhook_deliveries.c.id).limit(1), DeliveryRow
)
_COUNT_QUEUED: Statement[int] = Statement(
    sa.select(sa.func.count()).select_from(webhook_deliveries).where(*_OF_WEBHOOK, _IS_QUEUED), value
)
_FINISH = Statement(
    sa.update(webhook_deliveries)
    .where(*_OF_WEBHOOK, webhook_deliveries.c.id == sa.bindparam("delivery_id"), _IS_QUEUED)
    .values({name: sa.bindparam(f"new_{name}", type_=webhook_deliveries.c[name].type) for name in Attempt._fields}),
    values_of,
)
_DROP_QUEUED = Statement(sa.delete(webhook_deliveries).where(*_OF_WEBHOOK, _IS_QUEUED), values_of)
_OLDEST = (
    sa.select(webhook_deliveries.c.id)
    .order_by(webhook_deliveries.c.id)
    .limit(sa.bindparam("most", type_=sa.Integer))
    .subquery()
)
_DROP_OLD = deletion(
    webhook_deliveries,
    webhook_deliveries.c.id <= sa.select(sa.func.max(_OLDEST.c.id)).scalar_subquery(),
    webhook_deliveries.c.created_at <= sa.bindparam("at", type_=Instant),
)
_ITS_WEBHOOK = sa.and_(
    webhooks.c.partner_id == webhook_deliveries.c.partner_id, webhooks.c.id == webhook_deliveries.c.webhook_id
)
_OF_DELETED = Statement(
    sa.select(webhook_deliveries.c.partner_id, webhook_deliveries.c.webhook_id)
    .where(~sa.exists().where(_ITS_WEBHOOK))
    .distinct(),
    values_of,
)
_NEWEST = webhook_deliveries.alias("newest")
_NEWEST_OF_OTHERS = (
    sa.select(_NEWEST.c.id)
    .where(_NEWEST.c.partner_id == webhooks.c.partner_id, _NEWEST.c.webhook_id == webhooks.c.id)
    .order_by(_NEWEST.c.id.desc())
    .limit(1)
    .offset(sa.bindparam("kept", type_=sa.Integer))
    .scalar_subquery()
)
_OVERFULL = Statement(
    sa.select(webhooks.c.partner_id, webhooks.c.id, _NEWEST_OF_OTHERS)
    .where(webhooks.c.id > sa.bindparam("after"))
    .order_by(webhooks.c.id)
    .limit(sa.bindparam("most", type_=sa.Integer)),
    Overfull,
)
_ANSWERED = Statement(
    sa.select(webhook_deliveries.c.id, webhook_deliveries.c.answer.is_not(None))
    .where(
        *_OF_WEBHOOK,
        webhook_deliveries.c.id > sa.bindparam("after"),
        webhook_deliveries.c.id <= sa.bindparam("upto"),
    )
    .order_by(webhook_deliveries.c.id)
    .limit(sa.bindparam("most", type_=sa.Integer)),
    values_of,
)
_DROP_ANSWERS = Statement(
    sa.update(webhook_deliveries)
    .where(found_by_id(webhook_deliveries.c.partner_id) == PARTNER, among(webhook_deliveries.c.id, "ids"))
    .values(answer=None),
    values_of,
)
_DROP_SOME = deletion(webhook_deliveries, *_OF_WEBHOOK)
by_ids = RowsById(
    lambda mine: Statement(
        sa.select(*_COLUMNS)
        # The deliveries of a deleted webhook are deleted later.
        .join(webhooks, _ITS_WEBHOOK)
        .where(mine(found_by_id(webhook_deliveries.c.partner_id)), among(webhook_deliveries.c.id, "ids")),
        DeliveryRow,
        reads=one_each("ids"),
    )
)


def _of_webhooks(*, all_partners: bool) -> Listing[DeliveryRow]:
    mine = of_parents(webhooks, "parent_ids") if all_partners else is_partner
    return Listing(
        name="webhook.deliveries",
        row=DeliveryRow,
        columns=_COLUMNS,
        where=[mine(webhook_deliveries.c.partner_id)],
        key="id",
        sorting=Sorting(webhook_deliveries.c.id, webhook_deliveries.c.id, descending=True),
        parent=webhook_deliveries.c.webhook_id,
    )


_OF_PARTNER, _OF_ANY = _of_webhooks(all_partners=False), _of_webhooks(all_partners=True)


def of_webhooks(scope: Scope, webhook_ids: Sequence[int]) -> Listing[DeliveryRow]:
    """Return the lists of these webhooks' deliveries, newest first."""
    values = {"partner_id": scope, "parent_ids": webhook_ids}
    return (_OF_ANY if scope is ALL_PARTNERS else _OF_PARTNER).of(values)


async def add(
    tx: Transaction, partner_id: int, webhook_id: int, message: Message, attempt: Attempt, *, at: datetime
) -> int:
    """Write an attempt, and return its id."""
    line = {"partner_id": partner_id, "webhook_id": webhook_id, "created_at": at}
    (delivery_id,) = await tx.execute_many(_ADD, [{**line, **message._asdict(), **attempt._asdict()}])
    return delivery_id


async def queued(connection: Connection, partner_id: int, webhook_id: int) -> DeliveryRow | None:
    """Return the first delivery of the webhook that waits to be sent."""
    return await one(connection, _QUEUE, {"partner_id": partner_id, "webhook_id": webhook_id})


async def count_queued(tx: Transaction, partner_id: int, webhook_id: int) -> int:
    """Return how many deliveries of the webhook wait to be sent."""
    return await returned(tx, _COUNT_QUEUED, {"partner_id": partner_id, "webhook_id": webhook_id})


async def drop_queued(tx: Transaction, partner_id: int, webhook_id: int) -> None:
    """Delete the deliveries of the webhook that wait to be sent."""
    await tx.execute(_DROP_QUEUED, {"partner_id": partner_id, "webhook_id": webhook_id})


async def finish(tx: Transaction, partner_id: int, webhook_id: int, delivery_id: int, attempt: Attempt) -> None:
    """Write what became of a delivery that waited."""
    new = {f"new_{name}": content for name, content in attempt._asdict().items()}
    mine = {"partner_id": partner_id, "webhook_id": webhook_id, "delivery_id": delivery_id}
    await tx.execute(_FINISH, {**mine, **new})


async def drop_old(tx: Transaction, *, until: datetime, most: int) -> int:
    """Delete up to so many deliveries of all partners that were made until then, and return their number."""
    # Ids are given in the order of time, so that the oldest ones need no index of their own.
    return await tx.execute(_DROP_OLD, {"at": until, "most": most})


async def of_deleted_webhooks(connection: Connection) -> Sequence[tuple[int, int]]:
    """Return partner and id of each deleted webhook that has deliveries."""
    return [(partner_id, webhook_id) for partner_id, webhook_id in await connection.fetch(_OF_DELETED)]


async def drop_of_webhook(tx: Transaction, partner_id: int, webhook_id: int, *, most: int) -> int:
    """Delete up to so many deliveries of a webhook, and return their number."""
    return await tx.execute(_DROP_SOME, {"partner_id": partner_id, "webhook_id": webhook_id, "most": most})


async def overfull(connection: Connection, *, kept: int, after: int, most: int) -> Sequence[Overfull]:
    """Return the webhooks of all partners after an id, so many at most, and which of their answers are not kept."""
    return list(await connection.fetch(_OVERFULL, {"kept": kept, "after": after, "most": most}))


async def answered(connection: Connection, of: Overfull, *, after: int, most: int) -> Sequence[tuple[int, bool]]:
    """Return the ids of the next deliveries after an id whose answers are not kept, and whether each has one."""
    mine = {"partner_id": of.partner_id, "webhook_id": of.webhook_id}
    found = await connection.fetch(_ANSWERED, {**mine, "after": after, "upto": of.upto, "most": most})
    return [(delivery_id, bool(has_answer)) for delivery_id, has_answer in found]


async def drop_answers(tx: Transaction, partner_id: int, delivery_ids: Sequence[int]) -> int:
    """Delete the answers of these deliveries of one locked webhook, and return how many deliveries they are."""
    return await tx.execute(_DROP_ANSWERS, {"partner_id": partner_id, "ids": delivery_ids})
