"""Enums of webhooks and their deliveries."""

from domain.webhooks import DeliveryFailure, DeliveryStatus, SuspensionReason, WebhookState
from schema.enums.describing import describe

describe(
    WebhookState,
    "Whether the events of a webhook are sent.",
    {
        WebhookState.ACTIVE: "Events are sent as they happen.",
        WebhookState.PAUSED: "A user has paused the webhook; nothing is lost, and `resumeWebhook` continues.",
        WebhookState.SUSPENDED: "The portal has stopped sending; `resumeWebhook` continues where it stopped.",
    },
)
describe(
    SuspensionReason,
    "Why the portal suspended a webhook.",
    {
        SuspensionReason.FAILING: "A message could not be delivered for three days.",
        SuspensionReason.GONE: "The receiver answered with 410 Gone.",
        SuspensionReason.MAKER: (
            "The user whose permissions the webhook has was deactivated, or has lost a permission that it needs."
        ),
        SuspensionReason.SELECTION: "The selection is no longer valid, because the schema has changed.",
        SuspensionReason.EXPIRED: (
            "The next events were deleted because of their age. Read `clients` and `activations` with `updatedSince`, "
            "and resume from a later cursor."
        ),
        SuspensionReason.KEYS: "The keys can't be read: the portal had another secret when they were made.",
        SuspensionReason.ERASED: (
            "`url` or `selection` named a client that was cancelled, and that part was erased (`[…]`). Replace it with "
            "`updateWebhook`, and resume."
        ),
    },
)
describe(
    DeliveryStatus,
    "What became of an attempt to deliver a message.",
    {
        DeliveryStatus.QUEUED: "It was asked for, and will be sent within seconds.",
        DeliveryStatus.DELIVERED: "The receiver answered with a 2xx status.",
        DeliveryStatus.FAILED: "The receiver did not answer with a 2xx status; `failure` says why.",
    },
)
describe(
    DeliveryFailure,
    "Why an attempt to deliver a message failed.",
    {
        DeliveryFailure.STATUS: "The answer had another status than 2xx.",
        DeliveryFailure.REDIRECT: "The answer was a redirect, which is not followed.",
        DeliveryFailure.TIMEOUT: "There was no answer within 10 seconds.",
        DeliveryFailure.UNREACHABLE: "The name could not be resolved, or no connection could be made.",
        DeliveryFailure.ADDRESS: "The name has no address of the public internet.",
        DeliveryFailure.TLS: "The certificate of the receiver is not valid for its name.",
        DeliveryFailure.BROKEN: "The connection broke, or the answer was not valid HTTP.",
        DeliveryFailure.NOT_SENT: "Nothing was sent: the webhook's keys, selection or maker can't be used.",
    },
)
