"""Mutations of webhooks."""

from typing import Annotated

import strawberry

from db import webhooks as rows
from db.events import EventFilter as Chosen
from db.webhook_deliveries import DeliveryRow
from db.webhooks import WebhookRow
from domain.checks import Checks
from domain.webhooks import BATCH_MAX, SELECTION_LENGTH, URL_LENGTH
from resolvers import ids, webhooks
from resolvers.dataloader import MaybeAwaitable
from resolvers.webhooks import (
    CreateWebhook,
    DeliveryQueued,
    OneWebhook,
    Redeliver,
    ResumeWebhook,
    RotateWebhookSecret,
    UpdateWebhook,
    WebhookChanged,
    WebhookCreated,
    WebhookDeleted,
)
from schema.errors import Payload, settle
from schema.events import EventFilter
from schema.inputs import OnBehalf, given, optional
from schema.nodes import Info
from schema.webhooks import Webhook, WebhookDelivery

_URL = (
    "The URL to send to: `https`, on port 443 or one above 1023, at addresses of the public internet. At most 2,000 "
    "characters."
)
_FILTER = (
    "The filter for the events; its `partnerId` has no effect. Without one, all events of the partner are sent, also "
    "those that the portal adds later."
)
_SELECTION = (
    "A GraphQL selection on `Event`, such as `{ message client { name } }`, without variables, which may be followed "
    "by fragments. Its result is in each message. It is checked and its cost is counted when it is saved. At most "
    "5,000 characters."
)
_BATCH = "The maximum number of events in a message: 1 to 100. With more than one, each message has a list of events."


def _url(checks: Checks, value: str) -> str:
    return checks.opaque(value, "url", longest=URL_LENGTH)


def _selection(checks: Checks, value: str | None) -> str | None:
    if value is None or not value.strip():
        return None
    return checks.optional_text(value, "selection", longest=SELECTION_LENGTH, lines=True)


def _filter(value: EventFilter | None) -> str:
    return rows.filter_text(Chosen() if value is None else value.chosen())


@strawberry.input(description="Input of `createWebhook`.")
class CreateWebhookInput(OnBehalf):
    url: str = strawberry.field(description=_URL)
    filter: EventFilter | None = optional(_FILTER)
    selection: str | None = optional(_SELECTION)
    batch_size: int = strawberry.field(default=1, description=_BATCH)

    def checked(self) -> CreateWebhook:
        """Return the webhook to create; raise a group of refusals if it is invalid."""
        checks = Checks()
        found = CreateWebhook(
            _url(checks, self.url),
            _filter(given(self.filter)),
            _selection(checks, given(self.selection)),
            checks.number(self.batch_size, "batchSize", lowest=1, highest=BATCH_MAX),
        )
        checks.done()
        return found


@strawberry.input(description="Input of `updateWebhook`. An omitted field stays as it is.")
class UpdateWebhookInput(OnBehalf):
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
            changes["filter"] = _filter(self.filter)
        if self.selection is not strawberry.UNSET:
            changes["selection"] = _selection(checks, self.selection)
        if (batch_size := given(self.batch_size)) is not None:
            changes["batch_size"] = checks.number(batch_size, "batchSize", lowest=1, highest=BATCH_MAX)
        checks.done()
        return UpdateWebhook(ids.number("Webhook", self.webhook_id), tuple(changes.items()))


@strawberry.input
class OfWebhook(OnBehalf):
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
class RotateWebhookSecretInput(OnBehalf):
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
class ResumeWebhookInput(OnBehalf):
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
class RedeliverInput(OnBehalf):
    webhook_delivery_id: strawberry.ID = strawberry.field(description="The ID of any attempt to send the message.")

    def checked(self) -> Redeliver:
        """Return the delivery's id."""
        return Redeliver(ids.number("WebhookDelivery", self.webhook_delivery_id))


@strawberry.type
class WebhookChangedPayload(Payload):
    """Webhook that a mutation changed, or the refusals."""

    outcome: strawberry.Private[WebhookChanged | WebhookCreated | None] = None

    @strawberry.field(
        graphql_type=Webhook | None,
        description="The webhook after the change. Returns null if `userErrors` is not empty.",
    )
    def webhook(self, info: Info) -> MaybeAwaitable[WebhookRow | None]:
        return None if self.outcome is None else info.context.loaders.webhook.find(self.outcome.webhook_id)


@strawberry.type
class WebhookSecretPayload(WebhookChangedPayload):
    """Webhook with new keys, or the refusals."""

    @strawberry.field(
        description=(
            "The secret (`whsec_…`), with which receivers verify the signatures `v1` (HMAC). It is shown only once, "
            "and stored encrypted. Returns null if `userErrors` is not empty."
        )
    )
    def secret(self) -> str | None:
        return str(self.outcome.secret) if isinstance(self.outcome, WebhookCreated) else None


@strawberry.type(description="Return type of `createWebhook`.")
class CreateWebhookPayload(WebhookSecretPayload):
    """New webhook."""


@strawberry.type(description="Return type of `updateWebhook`.")
class UpdateWebhookPayload(WebhookChangedPayload):
    """Webhook with its new values."""


@strawberry.type(description="Return type of `pauseWebhook`.")
class PauseWebhookPayload(WebhookChangedPayload):
    """Paused webhook."""


@strawberry.type(description="Return type of `resumeWebhook`.")
class ResumeWebhookPayload(WebhookChangedPayload):
    """Resumed webhook."""


@strawberry.type(description="Return type of `rotateWebhookSecret`.")
class RotateWebhookSecretPayload(WebhookSecretPayload):
    """Webhook with new keys."""


@strawberry.type(description="Return type of `deleteWebhook`.")
class DeleteWebhookPayload(Payload):
    outcome: strawberry.Private[WebhookDeleted | None] = None

    @strawberry.field(description="The ID of the webhook, which is gone. Returns null if `userErrors` is not empty.")
    def deleted_webhook_id(self) -> strawberry.ID | None:
        return None if self.outcome is None else strawberry.ID(ids.encode("Webhook", self.outcome.webhook_id))


@strawberry.type
class DeliveryQueuedPayload(Payload):
    """Delivery that waits to be sent, or the refusals."""

    outcome: strawberry.Private[DeliveryQueued | None] = None

    @strawberry.field(
        graphql_type=WebhookDelivery | None,
        description="The delivery, which is sent within seconds. Returns null if `userErrors` is not empty.",
    )
    def delivery(self, info: Info) -> MaybeAwaitable[DeliveryRow | None]:
        return None if self.outcome is None else info.context.loaders.webhook_delivery.find(self.outcome.delivery_id)


@strawberry.type(description="Return type of `pingWebhook`.")
class PingWebhookPayload(DeliveryQueuedPayload):
    """Ping that waits to be sent."""


@strawberry.type(description="Return type of `redeliver`.")
class RedeliverPayload(DeliveryQueuedPayload):
    """Message that waits to be sent again."""


@strawberry.type
class WebhookMutations:
    @strawberry.mutation(
        description=(
            "Creates a webhook, to which all events from now on are sent. It may read what the caller may, for as long "
            "as the caller may. The payload has its secret, which is shown only once. A partner can have 20 webhooks."
        )
    )
    @staticmethod
    async def create_webhook(
        info: Info, input: Annotated[CreateWebhookInput, strawberry.argument(description="The webhook to create.")]
    ) -> CreateWebhookPayload:
        return await settle(CreateWebhookPayload, info.context, input, webhooks.create)

    @strawberry.mutation(
        description=(
            "Changes a webhook. From then on it may read what the caller may. Its position among the events stays."
        )
    )
    @staticmethod
    async def update_webhook(
        info: Info, input: Annotated[UpdateWebhookInput, strawberry.argument(description="The new values.")]
    ) -> UpdateWebhookPayload:
        return await settle(UpdateWebhookPayload, info.context, input, webhooks.update)

    @strawberry.mutation(description="Pauses a webhook. A webhook that is paused already is returned as it is.")
    @staticmethod
    async def pause_webhook(
        info: Info, input: Annotated[PauseWebhookInput, strawberry.argument(description="The webhook to pause.")]
    ) -> PauseWebhookPayload:
        return await settle(PauseWebhookPayload, info.context, input, webhooks.pause)

    @strawberry.mutation(
        description=(
            "Resumes a webhook that is paused or suspended, or tries a failing one again at once. It continues where "
            "it stopped, or after the cursor of any event. From then on it may read what the caller may."
        )
    )
    @staticmethod
    async def resume_webhook(
        info: Info, input: Annotated[ResumeWebhookInput, strawberry.argument(description="The webhook to resume.")]
    ) -> ResumeWebhookPayload:
        return await settle(ResumeWebhookPayload, info.context, input, webhooks.resume)

    @strawberry.mutation(description="Deletes a webhook and what is known of its deliveries.")
    @staticmethod
    async def delete_webhook(
        info: Info, input: Annotated[DeleteWebhookInput, strawberry.argument(description="The webhook to delete.")]
    ) -> DeleteWebhookPayload:
        return await settle(DeleteWebhookPayload, info.context, input, webhooks.delete)

    @strawberry.mutation(
        description=(
            "Gives a webhook a new secret and a new public key. For 24 hours, messages are signed with the former ones "
            "too, so that a receiver can change to the new ones without losing any. During these hours, another "
            "rotation is refused unless `dropFormerKeys` is true."
        )
    )
    @staticmethod
    async def rotate_webhook_secret(
        info: Info,
        input: Annotated[RotateWebhookSecretInput, strawberry.argument(description="The webhook to give new keys.")],
    ) -> RotateWebhookSecretPayload:
        return await settle(RotateWebhookSecretPayload, info.context, input, webhooks.rotate)

    @strawberry.mutation(
        description=(
            "Sends a message of the type PING to a webhook, also to one that is paused or suspended. The delivery "
            "shows what became of it."
        )
    )
    @staticmethod
    async def ping_webhook(
        info: Info, input: Annotated[PingWebhookInput, strawberry.argument(description="The webhook to ping.")]
    ) -> PingWebhookPayload:
        return await settle(PingWebhookPayload, info.context, input, webhooks.ping)

    @strawberry.mutation(
        description=(
            "Sends the message of a delivery once more, with the same message ID and events, also if the webhook's "
            "filter or batch size has changed, and with the objects as they are now. It fails with `NOT_SENT` if the "
            "events were deleted because of their age. The webhook's own order of events stays."
        )
    )
    @staticmethod
    async def redeliver(
        info: Info,
        input: Annotated[RedeliverInput, strawberry.argument(description="The delivery whose message to send.")],
    ) -> RedeliverPayload:
        return await settle(RedeliverPayload, info.context, input, webhooks.redeliver)
