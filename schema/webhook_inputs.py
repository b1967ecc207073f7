"""Inputs of the mutations of webhooks."""

import strawberry
from strawberry.utils.str_converters import to_camel_case

from db import webhooks as rows
from db.events import EventFilter as Chosen
from domain.checks import Checks
from domain.refusals import NotFound
from domain.webhooks import BATCH_MAX, SELECTION_LENGTH, URL_LENGTH
from resolvers import ids
from resolvers.webhook_changes import (
    CreateWebhook,
    OneWebhook,
    Redeliver,
    ResumeWebhook,
    RotateWebhookSecret,
    UpdateWebhook,
)
from schema.arguments import number
from schema.events import FILTERED_BY, EventFilter
from schema.inputs import OnBehalfOrVendor, given, optional

_URL = (
    "The URL to send to: `https`, on port 443 or one above 1023, at addresses of the public internet. At most 2,000 "
    "characters."
)
_FILTER = (
    "The filter for the events; its `partnerId` can only be the webhook's own partner. Without one, all events of the "
    "partner are sent, also those that the portal adds later."
)
_SELECTION = (
    "A GraphQL selection on `Event`, such as `{ message client { name } }`, without variables, which may be followed "
    "by fragments. Its result is in each message. It is checked and its cost is counted when it is saved. If a "
    "message would have more than 1,000,000 bytes with the result, that has the error `COST_EXCEEDED` instead. At most "
    "5,000 characters."
)
_BATCH = (
    "The maximum number of events in a message: 1 to 100. With more than one, each message has a list of events, of "
    "fewer if they would have more than 1,000,000 bytes together."
)


def _url(checks: Checks, value: str) -> str:
    return checks.opaque(value, "url", longest=URL_LENGTH)


def _selection(checks: Checks, value: str | None) -> str | None:
    if value is None or not value.strip():
        return None
    return checks.optional_text(value, "selection", longest=SELECTION_LENGTH, lines=True)


def _filter(checks: Checks, value: EventFilter | None) -> str:
    chosen = Chosen() if value is None else value.chosen()
    for each in FILTERED_BY:
        # No event would ever be sent.
        if getattr(chosen, each.column) == ids.NOWHERE:
            checks.refuse(NotFound(("filter", to_camel_case(each.field))))
    return rows.filter_text(chosen)


def _partner(value: EventFilter | None) -> int | None:
    chosen = given(value)
    return None if chosen is None else number("Partner", chosen.partner_id)


@strawberry.input(description="Input of `createWebhook`.")
class CreateWebhookInput(OnBehalfOrVendor):
    url: str = strawberry.field(description=_URL)
    filter: EventFilter | None = optional(_FILTER)
    selection: str | None = optional(_SELECTION)
    batch_size: int = strawberry.field(default=1, description=_BATCH)

    def checked(self) -> CreateWebhook:
        """Return the webhook to create; raise a group of refusals if it is invalid."""
        checks = Checks()
        found = CreateWebhook(
            _url(checks, self.url),
            _filter(checks, given(self.filter)),
            _selection(checks, given(self.selection)),
            checks.number(self.batch_size, "batchSize", lowest=1, highest=BATCH_MAX),
            _partner(self.filter),
        )
        checks.done()
        return found


@strawberry.input(description="Input of `updateWebhook`. An omitted field stays as it is.")
class UpdateWebhookInput(OnBehalfOrVendor):
    webhook_id: strawberry.ID = strawberry.field(description="The ID of the webhook.")
    url: str | None = optional(_URL)
    filter: EventFilter | None = optional(f"{_FILTER} Null removes the filter.")
    selection: str | None = optional(f"{_SELECTION} Null removes the selection.")
    batch_size: int | None = optional(_BATCH)

    def checked(self) -> UpdateWebhook:
        """Return the changes; raise a group of refusals if they are invalid."""
        checks = Checks()
        changes: dict[str, str | int | None] = {}
        if self.url is not strawberry.UNSET:
            changes["url"] = _url(checks, self.url or "")
        if self.filter is not strawberry.UNSET:
            changes["filter"] = _filter(checks, self.filter)
        if self.selection is not strawberry.UNSET:
            changes["selection"] = _selection(checks, self.selection)
        if (batch_size := given(self.batch_size)) is not None:
            changes["batch_size"] = checks.number(batch_size, "batchSize", lowest=1, highest=BATCH_MAX)
        checks.done()
        return UpdateWebhook(ids.number("Webhook", self.webhook_id), tuple(changes.items()), _partner(self.filter))


@strawberry.input
class OfWebhook(OnBehalfOrVendor):
    """Input of a mutation about one webhook."""

    webhook_id: strawberry.ID = strawberry.field(description="The ID of the webhook.")

    def checked(self) -> OneWebhook:
        """Return the webhook's id."""
        return OneWebhook(ids.number("Webhook", self.webhook_id))


@strawberry.input(description="Input of `pauseWebhook`.")
class PauseWebhookInput(OfWebhook):
    """Webhook to pause."""


@strawberry.input(description="Input of `deleteWebhook`.")
class DeleteWebhookInput(OfWebhook):
    """Webhook to delete."""


@strawberry.input(description="Input of `rotateWebhookSecret`.")
class RotateWebhookSecretInput(OnBehalfOrVendor):
    webhook_id: strawberry.ID = strawberry.field(description="The ID of the webhook.")
    drop_former_keys: bool = strawberry.field(
        default=False,
        description=(
            "Whether to drop the keys from before the last rotation if that was less than 24 hours ago, such as after "
            "a leak. A receiver that still uses them can no longer verify messages."
        ),
    )

    def checked(self) -> RotateWebhookSecret:
        """Return the webhook's id, and whether its former keys can be dropped."""
        return RotateWebhookSecret(ids.number("Webhook", self.webhook_id), self.drop_former_keys)


@strawberry.input(description="Input of `pingWebhook`.")
class PingWebhookInput(OfWebhook):
    """Webhook to send a ping to."""


@strawberry.input(description="Input of `resumeWebhook`.")
class ResumeWebhookInput(OnBehalfOrVendor):
    webhook_id: strawberry.ID = strawberry.field(description="The ID of the webhook.")
    from_: str | None = strawberry.field(
        default=strawberry.UNSET,
        name="from",
        description=(
            "The cursor of the event after which to continue, from `Event.cursor` or a message. Without it, the "
            "webhook continues after the last event that was delivered."
        ),
    )

    def checked(self) -> ResumeWebhook:
        """Return the webhook's id and the cursor."""
        return ResumeWebhook(ids.number("Webhook", self.webhook_id), given(self.from_))


@strawberry.input(description="Input of `redeliver`.")
class RedeliverInput(OnBehalfOrVendor):
    webhook_delivery_id: strawberry.ID = strawberry.field(description="The ID of any attempt to send the message.")

    def checked(self) -> Redeliver:
        """Return the delivery's id."""
        return Redeliver(ids.number("WebhookDelivery", self.webhook_delivery_id))
