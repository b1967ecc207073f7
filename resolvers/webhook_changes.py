"""Changes of webhooks: created, changed, paused, resumed, deleted and pinged by those who manage them."""

from collections.abc import Mapping
from datetime import timedelta
from typing import NamedTuple

from db import access, events, retention, webhook_deliveries, webhooks
from db.webhook_deliveries import QUEUED, Message
from db.webhooks import NewWebhook, WebhookRow
from domain.access import ACTIONS, ROLE_PERMISSIONS, Permissions
from domain.events import Event, EventType
from domain.refusals import NotFound
from domain.webhook_texts import is_erased
from domain.webhooks import (
    OVERLAP,
    WAITING_MAX,
    WEBHOOKS_MAX,
    TooManyWaiting,
    WebhookErased,
    WebhookKeysChanging,
    WebhookLimit,
    WebhookPermissionNotHeld,
    WebhookState,
    WebhookTokenPermissionNotHeld,
    check_url,
)
from resolvers import webhook_keys
from resolvers.events import check_kept, check_reached, position_of
from resolvers.mutations import Work, mutation
from resolvers.outcomes import SecretShownOnce
from resolvers.webhooks import former_keys_until, needed_for

_NO_FAILURE: Mapping[str, object] = {"batch_end": None, "attempts": 0, "failing_since": None, "next_attempt_at": None}


class CreateWebhook(NamedTuple):
    """Webhook to create; the filter is given as it is stored."""

    url: str
    filter: str
    selection: str | None
    batch_size: int
    of_partner: int | None = None
    """Partner that the filter names, which can be the webhook's own only."""


class WebhookCreated(NamedTuple):
    """Webhook with new keys, whose secret is shown only once."""

    webhook_id: int
    secret: SecretShownOnce


@mutation("createWebhook", WebhookCreated, for_vendor=True)
async def create(work: Work, given: CreateWebhook) -> WebhookCreated:
    """Create a webhook, which begins with the next event and may read what its maker may."""
    check_url(given.url, "url", private=work.context.portal.private_webhooks)
    _check_filter(work, given.of_partner)
    _check_permissions(work, given.selection, given.batch_size)
    await access.lock_partner(work.tx, work.partner_id)
    if await webhooks.count(work.tx, work.partner_id) >= WEBHOOKS_MAX:
        raise WebhookLimit(limit=WEBHOOKS_MAX)
    keys = webhook_keys.new_keys()
    last = (await events.last_numbers(work.tx, [work.partner_id])).get(work.partner_id, 0)
    new = NewWebhook(
        maker_id=work.viewer.user_id,
        permissions=_stored(work.viewer.permissions),
        language=work.context.language,
        url=given.url,
        filter=given.filter,
        selection=given.selection,
        batch_size=given.batch_size,
        sealed=webhook_keys.sealed(work.context.portal.secret, work.partner_id, keys),
        public_key=keys.public_key,
        position=last,
    )
    webhook_id = await webhooks.add(work.tx, work.partner_id, new, at=work.now)
    await work.append(Event(type=EventType.WEBHOOK_CREATED, webhook_id=webhook_id))
    return WebhookCreated(webhook_id, SecretShownOnce(keys.shown_secret))


class UpdateWebhook(NamedTuple):
    """New values of a webhook, by column; one that is not named is kept."""

    webhook_id: int
    changes: tuple[tuple[str, str | int | None], ...]
    of_partner: int | None = None


class WebhookChanged(NamedTuple):
    """Webhook that was changed."""

    webhook_id: int


@mutation("updateWebhook", WebhookChanged, for_vendor=True)
async def update(work: Work, given: UpdateWebhook) -> WebhookChanged:
    """Change a webhook, whose maker is then who changed it; if all is as before, nothing happens."""
    changes = dict(given.changes)
    if "url" in changes:
        check_url(str(changes["url"]), "url", private=work.context.portal.private_webhooks)
    _check_filter(work, given.of_partner)
    row = await _locked(work, given.webhook_id)
    changed = {name: each for name, each in changes.items() if each != getattr(row, name)}
    after = row._replace(**changed)  # type: ignore[arg-type]  # Each has the type of its column.
    if changed:
        _check_permissions(work, after.selection, after.batch_size)
        # What has failed before may succeed now, with another message.
        values = {**changed, **_NO_FAILURE, **_made_by(work)}
        await webhooks.update(work.tx, work.partner_id, row.id, values, fenced=True)
        await work.append(Event(type=EventType.WEBHOOK_UPDATED, webhook_id=row.id))
    return WebhookChanged(row.id)


class OneWebhook(NamedTuple):
    """Webhook that a mutation is about."""

    webhook_id: int


@mutation("pauseWebhook", WebhookChanged, for_vendor=True)
async def pause(work: Work, given: OneWebhook) -> WebhookChanged:
    """Stop sending the webhook's events; do nothing if it is paused."""
    row = await _locked(work, given.webhook_id)
    if row.state is not WebhookState.PAUSED:
        await webhooks.update(work.tx, work.partner_id, row.id, _in_state(WebhookState.PAUSED))
        await work.append(Event(type=EventType.WEBHOOK_PAUSED, webhook_id=row.id))
    return WebhookChanged(row.id)


class ResumeWebhook(NamedTuple):
    """Webhook to resume, after the cursor of an event or where it stopped."""

    webhook_id: int
    after: str | None


@mutation("resumeWebhook", WebhookChanged, for_vendor=True)
async def resume(work: Work, given: ResumeWebhook) -> WebhookChanged:
    """Send the events after a cursor, or after the last one that was delivered; the maker is then who resumed it.

    Raises BadUserInput for a cursor that is not one of the partner's events. If nothing changes, nothing happens.
    """
    row = await _locked(work, given.webhook_id)
    position = row.position if given.after is None else await _position(work, given.after)
    _check_complete(row)
    check_kept(position, await retention.dropped_number(work.tx, work.partner_id), "from")
    if row.state is WebhookState.ACTIVE and not row.attempts and position == row.position:
        return WebhookChanged(row.id)
    _check_permissions(work, row.selection, row.batch_size)
    changes = {**_in_state(WebhookState.ACTIVE), **_NO_FAILURE, "position": position}
    await webhooks.update(work.tx, work.partner_id, row.id, {**changes, **_made_by(work)}, fenced=True)
    await work.append(Event(type=EventType.WEBHOOK_RESUMED, webhook_id=row.id))
    return WebhookChanged(row.id)


class WebhookDeleted(NamedTuple):
    """Webhook that was deleted."""

    webhook_id: int


@mutation("deleteWebhook", WebhookDeleted, for_vendor=True)
async def delete(work: Work, given: OneWebhook) -> WebhookDeleted:
    """Delete a webhook."""
    if not await webhooks.delete(work.tx, work.partner_id, given.webhook_id):
        raise NotFound(("webhookId",))
    await work.append(Event(type=EventType.WEBHOOK_DELETED, webhook_id=given.webhook_id))
    return WebhookDeleted(given.webhook_id)


class RotateWebhookSecret(NamedTuple):
    """Webhook to give new keys; if its last rotation is recent, only if the keys from before it are dropped."""

    webhook_id: int
    drop_former_keys: bool


@mutation("rotateWebhookSecret", WebhookCreated, for_vendor=True)
async def rotate(work: Work, given: RotateWebhookSecret) -> WebhookCreated:
    """Give a webhook new keys; messages are signed with the former ones too for a day."""
    row = await _locked(work, given.webhook_id)
    if former_keys_until(row, work.now) is not None and not given.drop_former_keys:
        raise WebhookKeysChanging(("dropFormerKeys",), hours=OVERLAP // timedelta(hours=1))
    keys = webhook_keys.new_keys()
    changes = {
        "sealed": webhook_keys.sealed(work.context.portal.secret, work.partner_id, keys),
        "public_key": keys.public_key,
        "previous_sealed": await webhooks.sealed(work.tx, work.partner_id, row.id),
        "previous_until": work.now + OVERLAP,
    }
    await webhooks.update(work.tx, work.partner_id, row.id, changes)
    await work.append(Event(type=EventType.WEBHOOK_SECRET_ROTATED, webhook_id=row.id))
    return WebhookCreated(row.id, SecretShownOnce(keys.shown_secret))


class DeliveryQueued(NamedTuple):
    """Delivery that waits to be sent."""

    delivery_id: int


@mutation("pingWebhook", DeliveryQueued, for_vendor=True)
async def ping(work: Work, given: OneWebhook) -> DeliveryQueued:
    """Ask for a message without events, also of a webhook that is paused or suspended."""
    row = await _locked(work, given.webhook_id)
    _check_complete(row)
    token = work.context.portal.digest("ping", f"{row.id} {work.now.isoformat()}".encode()).hex()[:32]
    return await _queue(work, row.id, Message(f"ping_{token}"))


class Redeliver(NamedTuple):
    """Delivery whose message is to be sent again."""

    delivery_id: int


@mutation("redeliver", DeliveryQueued, for_vendor=True)
async def redeliver(work: Work, given: Redeliver) -> DeliveryQueued:
    """Ask for the message of a delivery once more, with the same id; the webhook's own position stays."""
    found = await webhook_deliveries.by_ids(work.tx, work.partner_id, [given.delivery_id])
    delivery = found.get(given.delivery_id)
    if delivery is None:
        raise NotFound(("webhookDeliveryId",))
    row = await webhooks.locked(work.tx, work.partner_id, delivery.webhook_id)
    if row is None:
        raise NotFound(("webhookDeliveryId",))
    _check_complete(row)
    return await _queue(work, row.id, webhook_deliveries.message_of(delivery))


async def _queue(work: Work, webhook_id: int, message: Message) -> DeliveryQueued:
    if await webhook_deliveries.count_queued(work.tx, work.partner_id, webhook_id) >= WAITING_MAX:
        raise TooManyWaiting(limit=WAITING_MAX)
    await work.act()
    return DeliveryQueued(
        await webhook_deliveries.add(work.tx, work.partner_id, webhook_id, message, QUEUED, at=work.now)
    )


async def _locked(work: Work, webhook_id: int) -> WebhookRow:
    row = await webhooks.locked(work.tx, work.partner_id, webhook_id)
    if row is None:
        raise NotFound(("webhookId",))
    return row


def _check_complete(row: WebhookRow) -> None:
    """Raise a refusal if a client's data was erased from the webhook's URL or selection."""
    if is_erased(row.url, row.selection):
        raise WebhookErased(("webhookId",))


async def _position(work: Work, after: str) -> int:
    """Return the number of the event with the cursor, which may be of any filter."""
    position = position_of(after, "from", work.partner_id)
    last = (await events.last_numbers(work.tx, [work.partner_id])).get(work.partner_id, 0)
    check_reached(position, last, "from")
    return position


def _check_filter(work: Work, of_partner: int | None) -> None:
    """Raise a refusal if the filter names another partner than the one whose events the webhook sends."""
    if of_partner not in {None, work.partner_id}:
        raise NotFound(("filter", "partnerId"))


def _check_permissions(work: Work, selection: str | None, batch_size: int) -> None:
    """Raise a refusal unless the viewer's role and token may read what the webhook is to send."""
    held, path = work.viewer.permissions, () if selection is None else ("selection",)
    needed = needed_for(work.context.portal.selections, selection, batch_size)
    for permission in sorted(needed - held, key=lambda missing: missing.value):
        of_role = permission in ROLE_PERMISSIONS[work.viewer.role]
        refusal = WebhookTokenPermissionNotHeld if of_role else WebhookPermissionNotHeld
        raise refusal(path, permission=ACTIONS[permission])


def _made_by(work: Work) -> dict[str, object]:
    return {
        "maker_id": work.viewer.user_id,
        "permissions": _stored(work.viewer.permissions),
        "language": work.context.language,
    }


def _in_state(state: WebhookState) -> dict[str, object]:
    return {"state": state, "suspension_reason": None, "suspended_at": None}


def _stored(permissions: Permissions) -> str:
    return " ".join(sorted(permission.value for permission in permissions))
