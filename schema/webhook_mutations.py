"""Mutations of webhooks."""

from typing import Annotated

import strawberry

from db.webhook_deliveries import DeliveryRow
from db.webhooks import WebhookRow
from resolvers import ids, webhook_changes
from resolvers.dataloader import MaybeAwaitable
from resolvers.webhook_changes import DeliveryQueued, WebhookChanged, WebhookCreated, WebhookDeleted
from schema.errors import Payload, settle
from schema.nodes import Info
from schema.webhook_inputs import (
    CreateWebhookInput,
    DeleteWebhookInput,
    PauseWebhookInput,
    PingWebhookInput,
    RedeliverInput,
    ResumeWebhookInput,
    RotateWebhookSecretInput,
    UpdateWebhookInput,
)
from schema.webhooks import Webhook, WebhookDelivery


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
            "Creates a webhook, to which all events from now on are sent. It may read what the caller may, and no "
            "longer than its user's role allows. The end of the session or API token that made it does not end it. The "
            "payload has its secret, which is shown only once. A partner can have 20 webhooks."
        )
    )
    @staticmethod
    async def create_webhook(
        info: Info, input: Annotated[CreateWebhookInput, strawberry.argument(description="The webhook to create.")]
    ) -> CreateWebhookPayload:
        return await settle(CreateWebhookPayload, info.context, input, webhook_changes.create)

    @strawberry.mutation(
        description=(
            "Changes a webhook. From then on it may read what the caller may. Its position among the events stays."
        )
    )
    @staticmethod
    async def update_webhook(
        info: Info, input: Annotated[UpdateWebhookInput, strawberry.argument(description="The new values.")]
    ) -> UpdateWebhookPayload:
        return await settle(UpdateWebhookPayload, info.context, input, webhook_changes.update)

    @strawberry.mutation(description="Pauses a webhook. A webhook that is paused already is returned as it is.")
    @staticmethod
    async def pause_webhook(
        info: Info, input: Annotated[PauseWebhookInput, strawberry.argument(description="The webhook to pause.")]
    ) -> PauseWebhookPayload:
        return await settle(PauseWebhookPayload, info.context, input, webhook_changes.pause)

    @strawberry.mutation(
        description=(
            "Resumes a webhook that is paused or suspended, or tries a failing one again at once. It continues where "
            "it stopped, or after the cursor of any event. From then on it may read what the caller may. If nothing "
            "would change, the webhook is returned as it is."
        )
    )
    @staticmethod
    async def resume_webhook(
        info: Info, input: Annotated[ResumeWebhookInput, strawberry.argument(description="The webhook to resume.")]
    ) -> ResumeWebhookPayload:
        return await settle(ResumeWebhookPayload, info.context, input, webhook_changes.resume)

    @strawberry.mutation(description="Deletes a webhook and what is known of its deliveries.")
    @staticmethod
    async def delete_webhook(
        info: Info, input: Annotated[DeleteWebhookInput, strawberry.argument(description="The webhook to delete.")]
    ) -> DeleteWebhookPayload:
        return await settle(DeleteWebhookPayload, info.context, input, webhook_changes.delete)

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
        return await settle(RotateWebhookSecretPayload, info.context, input, webhook_changes.rotate)

    @strawberry.mutation(
        description=(
            "Sends a message of the type PING to a webhook, also to one that is paused or suspended. The delivery "
            "shows what became of it. An active webhook whose receiver answers with 410 is suspended."
        )
    )
    @staticmethod
    async def ping_webhook(
        info: Info, input: Annotated[PingWebhookInput, strawberry.argument(description="The webhook to ping.")]
    ) -> PingWebhookPayload:
        return await settle(PingWebhookPayload, info.context, input, webhook_changes.ping)

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
        return await settle(RedeliverPayload, info.context, input, webhook_changes.redeliver)
