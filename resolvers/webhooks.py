"""Webhooks: pages of them, what they have delivered, and the permissions that they need."""

from datetime import datetime

from db import webhooks
from db.webhooks import WebhookRow
from domain.access import Permission, Permissions
from resolvers import pages
from resolvers.context import Context
from resolvers.dataloader import MaybeAwaitable
from resolvers.events import cursor_after
from resolvers.pages import EVERYTHING, Page, PageArguments, Selection
from resolvers.webhook_selections import Selections


def page(
    context: Context, arguments: PageArguments, *, named: int | None = None, selection: Selection = EVERYTHING
) -> MaybeAwaitable[Page[WebhookRow]]:
    """Return a page of the webhooks of the viewer's scope, or of the partner that is named."""
    context.require(Permission.WEBHOOKS_READ)
    scope = context.within(named)
    return pages.page(context, scope, webhooks.listing(scope), arguments, selection)


def by_id(context: Context, webhook_id: int) -> MaybeAwaitable[WebhookRow | None]:
    """Return the webhook with that id, None if the viewer can't see such a webhook."""
    context.require(Permission.WEBHOOKS_READ)
    return context.loaders.webhook.find(webhook_id)


def cursor(row: WebhookRow) -> str | None:
    """Return the cursor of the last event that was delivered or left out, None before the first one."""
    return cursor_after(row.partner_id, row.position) if row.position else None


def former_keys_until(row: WebhookRow, now: datetime) -> datetime | None:
    """Return until when messages are also signed with the keys before the last rotation; None if they are not."""
    return None if row.previous_until is None or row.previous_until <= now else row.previous_until


def needed_for(selections: Selections | None, selection: str | None, batch_size: int) -> Permissions:
    """Return the permissions that a webhook needs; raise InvalidSelection if its selection can't be used."""
    needed: Permissions = frozenset({Permission.EVENTS_READ})
    if selection is None or selections is None:
        return needed
    return needed | selections.permissions(selection, batch_size)
