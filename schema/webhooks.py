"""Webhooks and their deliveries."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

import strawberry

from db import webhooks as rows
from db.events import EventFilter as Chosen
from db.webhook_deliveries import DeliveryRow
from db.webhooks import WebhookRow
from domain.events import EventType
from domain.webhooks import DeliveryFailure, DeliveryStatus, SuspensionReason, WebhookState
from resolvers import ids, webhooks
from resolvers.dataloader import MaybeAwaitable
from resolvers.pages import Page, PageArguments
from schema import references
from schema.arguments import number, of_partner
from schema.events import FILTERED_BY, FilteredBy
from schema.inputs import After, Before, First, Last, given
from schema.labels import label_of
from schema.nodes import Info, Node
from schema.paging import Connection
from schema.relations import attribute, computed, plain, selection, to_one, to_page


@strawberry.type(
    description=(
        "An attempt to send a message to a webhook, kept for 30 days. Each attempt is a delivery of its own, and those "
        "of one message have the same `messageId`."
    )
)
class WebhookDelivery(Node, row=DeliveryRow):
    message_id: str = attribute("The ID of the message, which the receiver finds in the header `webhook-id`.")
    attempt: int = attribute("The number of the attempt: 1 for the first one.")
    status: DeliveryStatus = attribute("What became of the attempt.")
    status_label: str = label_of("status", DeliveryStatus)
    failure: DeliveryFailure | None = attribute("Why the attempt failed. Returns null if it did not.")
    failure_label: str | None = label_of("failure", DeliveryFailure, optional=True)
    http_status: int | None = attribute("The status of the receiver's answer. Returns null if there was none.")
    created_at: datetime = attribute("The date and time when the attempt was asked for, or when it ended.")
    duration_ms: int | None = attribute("How long the attempt took, in milliseconds. Returns null while it waits.")
    answer: str | None = attribute(
        "The first 1,024 bytes of the receiver's answer as text, without escapes and without a word that is cut. "
        "Returns null if there was none, if it was empty or no text, or if a client was cancelled meanwhile. It is "
        "kept for the webhook's last 1,000 deliveries."
    )
    next_attempt_at: datetime | None = attribute(
        "The date and time of the next attempt for the same message. Returns null if there is none."
    )
    first_number: int | None = attribute("The number of the first event in the message. Returns null for a ping.")
    last_number: int | None = attribute("The number of the last event in the message. Returns null for a ping.")


@strawberry.type(
    description=(
        "The filter of a webhook, in the form in which `updateWebhook` takes it. Null for what does not limit it."
    )
)
class WebhookFilter:
    types: list[EventType] | None = strawberry.field(description="The types of the events.")
    client_id: strawberry.ID | None = strawberry.field(description="The ID of the client.")
    order_id: strawberry.ID | None = strawberry.field(description="The ID of the order.")
    product_id: strawberry.ID | None = strawberry.field(description="The ID of the product.")
    activation_id: strawberry.ID | None = strawberry.field(description="The ID of the activation.")
    user_id: strawberry.ID | None = strawberry.field(description="The ID of the user whom the event is about.")
    actor_id: strawberry.ID | None = strawberry.field(description="The ID of the user who made the change.")
    api_token_id: strawberry.ID | None = strawberry.field(description="The ID of the API token.")
    price_table_id: strawberry.ID | None = strawberry.field(description="The ID of the price table.")
    webhook_id: strawberry.ID | None = strawberry.field(description="The ID of the webhook.")
    occurred_from: datetime | None = strawberry.field(description="The start of the time of the change, inclusive.")
    occurred_to: datetime | None = strawberry.field(description="The end of the time of the change, exclusive.")


def _shown(chosen: Chosen) -> WebhookFilter:
    def global_id(by: FilteredBy) -> strawberry.ID | None:
        found = getattr(chosen, by.column)
        return None if found is None else strawberry.ID(ids.encode(by.type_name, found))

    return WebhookFilter(
        types=None if chosen.types is None else _in_order(chosen.types),
        occurred_from=chosen.occurred_from,
        occurred_to=chosen.occurred_to,
        **{each.field: global_id(each) for each in FILTERED_BY},
    )


def _in_order(types: Iterable[EventType]) -> list[EventType]:
    chosen = frozenset(types)
    return [each for each in EventType if each in chosen]


@strawberry.type(
    description=(
        "An endpoint to which the portal sends the events of a partner, each at least once and in their order, signed "
        "as Standard Webhooks has it. A message is tried again for three days, and ten times "
        "at least, before the webhook is suspended."
    )
)
class Webhook(Node, row=WebhookRow):
    url: str = attribute("The URL to which messages are sent.")
    state: WebhookState = attribute("Whether events are sent.")
    state_label: str = label_of("state", WebhookState)
    suspension_reason: SuspensionReason | None = attribute(
        "Why the portal suspended the webhook. Returns null if it did not."
    )
    suspension_reason_label: str | None = label_of("suspension_reason", SuspensionReason, optional=True)
    suspended_at: datetime | None = attribute(
        "The date and time when the portal suspended the webhook. Returns null if it is not suspended."
    )
    filter: WebhookFilter = computed(
        lambda _, row: _shown(rows.filter_of(row.filter)), reads=("filter",), description="The filter of the events."
    )
    selection: str | None = attribute(
        "The GraphQL selection on `Event` whose result is in each message. Returns null for messages without one."
    )
    batch_size: int = attribute("The maximum number of events in a message.")
    public_key: str = attribute(
        "The public key (`whpk_…`) that verifies the signatures `v1a` (Ed25519), for receivers without the secret."
    )
    former_keys_until: datetime | None = computed(
        lambda context, row: webhooks.former_keys_until(row, context.now()),
        reads=("previous_until",),
        description=(
            "The date and time until which messages are also signed with the keys from before the last rotation. "
            "Returns null if they are not."
        ),
    )
    cursor: str | None = computed(
        lambda _, row: webhooks.cursor(row),
        reads=("partner_id", "position"),
        description=(
            "The cursor up to which all events were delivered, or left out by the filter. Returns null before the "
            "first event."
        ),
    )
    failed_attempts: int = computed(
        lambda _, row: row.attempts,
        reads=("attempts",),
        description="The number of failed attempts for the next message.",
    )
    failing_since: datetime | None = attribute(
        "The date and time of the first failed attempt for the next message. Returns null if there was none."
    )
    next_attempt_at: datetime | None = attribute(
        "The date and time of the next attempt after a failure. Returns null if there was none."
    )
    created_at: datetime = attribute("The date and time when the webhook was created.")

    partner: references.PartnerType = to_one(
        "partner_id", loader="partner", description="The partner whose events are sent, “Parceiro”."
    )
    maker: references.UserType | None = to_one(
        "maker_id",
        loader="user",
        description=(
            "The user whose permissions the messages are made with: who created, changed or resumed the webhook last."
        ),
    )
    deliveries: Connection[WebhookDelivery] = to_page(
        "id", pages="deliveries_of_webhook", description="The attempts to send messages, newest first."
    )


@strawberry.input(description="Filtering options for webhooks. An omitted field doesn't limit the list.")
class WebhooksFilter:
    partner_id: strawberry.ID | None = of_partner()


@strawberry.type
class WebhookQueries:
    @strawberry.field(
        graphql_type=Webhook | None,
        description="The webhook with this ID. Returns null if the viewer can't see such a webhook.",
    )
    @staticmethod
    def webhook(
        info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The ID of the webhook.")]
    ) -> MaybeAwaitable[WebhookRow | None]:
        return webhooks.by_id(info.context, ids.number("Webhook", id))

    @strawberry.field(
        graphql_type=Connection[Webhook],
        description=(
            "The webhooks of the viewer's partner, in the order of creation; for the vendor's users, those of all "
            "partners and of the vendor."
        ),
    )
    @staticmethod
    def webhooks(
        info: Info,
        filter: Annotated[
            WebhooksFilter | None, strawberry.argument(description="The filter for the webhooks.")
        ] = strawberry.UNSET,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> MaybeAwaitable[Page[WebhookRow]]:
        asked = given(filter)
        named = None if asked is None else number("Partner", asked.partner_id)
        window = PageArguments.given(first, after, last, before)
        return webhooks.page(info.context, window, named=named, selection=selection(plain(info)))
