"""Enums of clients and the erasure of their data."""

from db.clients import ClientSortKey
from domain.clients import ClientStatus
from domain.erasure import ErasedKind
from schema.enums.describing import describe

describe(
    ClientStatus,
    "The status of a client.",
    {
        ClientStatus.ACTIVE: "The client is served.",
        ClientStatus.CANCELLED: "The client was cancelled, and the data that identified it was erased.",
    },
)
describe(
    ClientSortKey,
    "Properties by which clients can be sorted.",
    {
        ClientSortKey.NAME: (
            "Sort by name, without regard to case and accents. Cancelled clients, whose names were erased, come first."
        ),
        ClientSortKey.REGISTERED_AT: "Sort by the date and time of the registration.",
        ClientSortKey.CNPJ: "Sort by CNPJ. Cancelled clients, which have none, come first.",
        ClientSortKey.CITY: (
            "Sort by city, “município”, without regard to case and accents. Clients without one come first."
        ),
        ClientSortKey.LAST_ACTIVATED_AT: (
            "Sort by the date and time of the latest activation, `lastActivatedAt`. Clients without one come first."
        ),
        ClientSortKey.UPDATED_AT: "Sort by the date and time of the last change, `updatedAt`.",
    },
)
describe(
    ErasedKind,
    "A kind of value that the cancellation of a client erases.",
    {
        ErasedKind.CNPJ: "The client's CNPJ.",
        ErasedKind.NAME: "The client's name, “razão social”.",
        ErasedKind.TRADE_NAME: "The client's trade name, “nome fantasia”.",
        ErasedKind.CITY: "The client's city, “município”.",
        ErasedKind.STATE: "The client's state, “UF”.",
        ErasedKind.ACTIVATION_KEY: (
            "Activation keys: those of the client's activations, and others that had its CNPJ or a name in them."
        ),
        ErasedKind.ECF_SERIAL_NUMBER: (
            "ECF serial numbers: those of the client's activations, and others that had its CNPJ or a name in them."
        ),
        ErasedKind.ACTIVATION_NOTE: (
            "Notes and cancellation notes of activations: all of the client's own, and others that named the client."
        ),
        ErasedKind.ORDER_NOTE: "Notes and cancellation notes of orders that named the client.",
        ErasedKind.CLIENT_NOTE: "Cancellation notes of other clients that named the client.",
        ErasedKind.TOKEN_NAME: "Names of API tokens that named the client.",
        ErasedKind.SUSPENSION_REASON: "The reason of the partner's suspension, if it named the client.",
        ErasedKind.WEBHOOK_ANSWER: "Answers of webhooks' receivers that named the client.",
        ErasedKind.WEBHOOK_URL: "URLs of webhooks that named the client; these webhooks are suspended.",
        ErasedKind.WEBHOOK_SELECTION: (
            "Selections of webhooks that named the client. These webhooks are suspended, unless only a comment did."
        ),
    },
)
