"""Statements about webhooks, as their users see and change them."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

import orjson
import sqlalchemy as sa

from db import webhook_deliveries
from db.engine import Transaction, filters, one, returned
from db.engine.column_types import Instant
from db.engine.expressions import KEEPING_KEYS
from db.engine.filters import PARTNER, tenancy, value, values_of
from db.engine.keyset import Sorting
from db.engine.listings import Listing
from db.engine.statement import Statement
from db.events import EventFilter
from db.tables import webhooks
from domain.events import EventType
from domain.languages import Language
from domain.tenancy import ALL_PARTNERS, Scope
from domain.webhooks import SuspensionReason, WebhookState


class WebhookRow(NamedTuple):
    """Webhook; its keys are not read with it."""

    id: int
    partner_id: int
    maker_id: int
    url: str
    filter: str
    selection: str | None
    batch_size: int
    state: WebhookState
    suspension_reason: SuspensionReason | None
    suspended_at: datetime | None
    public_key: str
    previous_until: datetime | None
    created_at: datetime
    position: int
    attempts: int
    failing_since: datetime | None
    next_attempt_at: datetime | None


class NewWebhook(NamedTuple):
    """Webhook to write; `sealed` has its keys."""

    maker_id: int
    permissions: str
    language: Language
    url: str
    filter: str
    selection: str | None
    batch_size: int
    sealed: bytes
    public_key: str
    position: int


_COLUMNS = tuple(webhooks.c[name] for name in WebhookRow._fields)
_MINE = webhooks.c.partner_id == PARTNER, webhooks.c.id == sa.bindparam("webhook_id")
_FIRST = {"state": WebhookState.ACTIVE, "attempts": 0, "fence": 0}
_ADD: Statement[int] = Statement(
    sa.insert(webhooks).returning(webhooks.c.id),
    value,
    inserted=["partner_id", "created_at", *_FIRST, *NewWebhook._fields],
)
_COUNT: Statement[int] = Statement(
    sa.select(sa.func.count()).select_from(webhooks).where(webhooks.c.partner_id == PARTNER), value
)
_LOCK = Statement(sa.select(*_COLUMNS).where(*_MINE).with_for_update(key_share=KEEPING_KEYS), WebhookRow)
_SEALED: Statement[bytes] = Statement(sa.select(webhooks.c.sealed).where(*_MINE), value)
_DELETE: Statement[int] = Statement(sa.delete(webhooks).where(*_MINE).returning(webhooks.c.id), value)
_DROP_FORMER_KEYS = Statement(
    sa.update(webhooks)
    .where(webhooks.c.previous_until <= sa.bindparam("at", type_=Instant))
    .values(previous_sealed=None, previous_until=None),
    values_of,
)
by_ids = filters.rows_by_id(webhooks, _COLUMNS, WebhookRow)


def _listing(*, all_partners: bool) -> Listing[WebhookRow]:
    return Listing(
        name="webhooks",
        row=WebhookRow,
        columns=_COLUMNS,
        where=[tenancy(all_partners=all_partners)(webhooks.c.partner_id)],
        key="id",
        sorting=Sorting(webhooks.c.id, webhooks.c.id),
    )


_OF_PARTNER, _OF_ALL = _listing(all_partners=False), _listing(all_partners=True)


def listing(scope: Scope) -> Listing[WebhookRow]:
    """Return the list of a scope's webhooks, in the order of creation."""
    return (_OF_ALL if scope is ALL_PARTNERS else _OF_PARTNER).of({"partner_id": scope})


async def count(tx: Transaction, partner_id: int) -> int:
    """Return the number of webhooks of the locked partner."""
    return await returned(tx, _COUNT, {"partner_id": partner_id})


async def add(tx: Transaction, partner_id: int, new: NewWebhook, *, at: datetime) -> int:
    """Write an active webhook, and return its id."""
    line = {"partner_id": partner_id, "created_at": at, **_FIRST, **new._asdict()}
    (webhook_id,) = await tx.execute_many(_ADD, [line])
    return webhook_id


async def locked(tx: Transaction, partner_id: int, webhook_id: int) -> WebhookRow | None:
    """Return the partner's webhook, locked until the transaction ends; None if there is none."""
    return await one(tx, _LOCK, {"partner_id": partner_id, "webhook_id": webhook_id})


async def sealed(tx: Transaction, partner_id: int, webhook_id: int) -> bytes:
    """Return the sealed keys of the locked webhook."""
    return await returned(tx, _SEALED, {"partner_id": partner_id, "webhook_id": webhook_id})


async def update(
    tx: Transaction, partner_id: int, webhook_id: int, values: Mapping[str, object], *, fenced: bool = False
) -> None:
    """Update these columns; if `fenced`, what a sender has read of the webhook before no longer counts."""
    new = {f"new_{name}": content for name, content in values.items()}
    mine = {"partner_id": partner_id, "webhook_id": webhook_id}
    await tx.execute(_update(frozenset(values), fenced=fenced), {**mine, **new})


@lru_cache
def _update(names: frozenset[str], *, fenced: bool) -> Statement[tuple[Any, ...]]:
    new: dict[str, Any] = {name: sa.bindparam(f"new_{name}", type_=webhooks.c[name].type) for name in sorted(names)}
    if fenced:
        new |= {"fence": webhooks.c.fence + 1, "sender": None, "leased_until": None}
    return Statement(sa.update(webhooks).where(*_MINE).values(new), values_of)


async def delete(tx: Transaction, partner_id: int, webhook_id: int) -> bool:
    """Delete the partner's webhook, and its deliveries that wait to be sent; return False if there is none."""
    is_deleted = await one(tx, _DELETE, {"partner_id": partner_id, "webhook_id": webhook_id}) is not None
    # After the webhook, as senders lock them.
    await webhook_deliveries.drop_queued(tx, partner_id, webhook_id)
    return is_deleted


async def drop_former_keys(tx: Transaction, *, at: datetime) -> None:
    """Delete the keys of all partners' webhooks that messages are no longer signed with."""
    await tx.execute(_DROP_FORMER_KEYS, {"at": at})


def filter_text(chosen: EventFilter) -> str:
    """Return a filter of events as it is stored."""
    given = {each.name: getattr(chosen, each.name) for each in fields(EventFilter)}
    types = None if chosen.types is None else sorted(each.value for each in chosen.types)
    return orjson.dumps({name: each for name, each in {**given, "types": types}.items() if each is not None}).decode()


def filter_of(text: str) -> EventFilter:
    """Return the filter of events that is stored as this text."""
    stored = orjson.loads(text)
    if "types" in stored:
        # A type that no longer exists is the type of no event.
        stored["types"] = frozenset(EventType[name] for name in stored["types"] if name in EventType.__members__)
    for name in ("occurred_from", "occurred_to"):
        if name in stored:
            stored[name] = datetime.fromisoformat(stored[name])
    return EventFilter(**stored)
