"""The enums of the schema: those of the domain, described for clients."""

from collections.abc import Mapping
from enum import Enum
from typing import TypeVar

import strawberry

from db.activations import ActivationSortKey
from db.clients import ClientSortKey
from db.orders import OrderSortKey
from domain.access import Permission, Role
from domain.activations import ActivationCancellationReason, ActivationStatus
from domain.clients import ClientStatus
from domain.events import EventType
from domain.licenses import StockMovementType
from domain.orders import OrderStatus, OrderType
from domain.refusals import UserErrorCode

Member = TypeVar("Member", bound=Enum)


class SortDirection(Enum):
    """The direction of a list."""

    ASC = "ASC"
    DESC = "DESC"


def _describe(enum: type[Member], description: str, values: Mapping[Member, str]) -> None:
    strawberry.enum(enum, description=description)
    for value in enum.__strawberry_definition__.values:  # type: ignore[attr-defined]  # Strawberry adds the definition.
        value.description = values[enum[value.name]]


_describe(
    SortDirection,
    "The direction in which a list is sorted.",
    {
        SortDirection.ASC: "From the least to the greatest, from A to Z, from the oldest to the newest.",
        SortDirection.DESC: "From the greatest to the least, from Z to A, from the newest to the oldest.",
    },
)
_describe(
    Permission,
    "One thing that a token may do.",
    {
        Permission.CLIENTS_READ: "Look clients up, “Clientes / ECFs”.",
        Permission.CLIENTS_WRITE: "Register clients, and change what is written of them.",
        Permission.CLIENTS_CANCEL: "Cancel clients, “Cancelamento de Cliente”.",
        Permission.ACTIVATIONS_READ: "Look activations up, “Detalhes da Ativação”, and the stock of licenses.",
        Permission.ACTIVATIONS_WRITE: "Activate licenses, and cancel or move activations.",
        Permission.ORDERS_READ: "Look orders up, “Meus Pedidos”, as well as products and prices.",
        Permission.ORDERS_CREATE: "Create orders, “Comprar”, and cancel pending ones.",
        Permission.ORDERS_APPROVE: "Approve pending orders.",
        Permission.EVENTS_READ: "Read what happened.",
        Permission.TOKENS_MANAGE: "Make, list and revoke API tokens.",
    },
)
_describe(
    Role,
    "What a user is at the partner.",
    {
        Role.VIEWER: "Reads everything, and changes nothing.",
        Role.OPERATOR: "Does everything but approve orders and manage API tokens.",
        Role.MANAGER: "Does everything.",
    },
)
_describe(
    ClientStatus,
    "Whether a client is served.",
    {
        ClientStatus.ACTIVE: "The client is served.",
        ClientStatus.CANCELLED: "The client has been cancelled, and who it was has been erased.",
    },
)
_describe(
    ClientSortKey,
    "What clients can be sorted by.",
    {
        ClientSortKey.NAME: "By name, without regard to case and accents.",
        ClientSortKey.REGISTERED_AT: "By the time of registration.",
    },
)
_describe(
    ActivationStatus,
    "Whether an activation holds its license.",
    {
        ActivationStatus.ACTIVE: "The license is in use.",
        ActivationStatus.CANCELLED: "The license has gone back to the stock.",
    },
)
_describe(
    ActivationCancellationReason,
    "What ended an activation.",
    {
        ActivationCancellationReason.ACTIVATION_CANCELLED: "It was cancelled by itself, “cancelamento de licença”.",
        ActivationCancellationReason.CLIENT_CANCELLED: "Its client was cancelled, “Cancelamento de Cliente”.",
        ActivationCancellationReason.MOVED: "Its license was moved to another client or key, “substituição”.",
    },
)
_describe(
    ActivationSortKey,
    "What activations can be sorted by.",
    {
        ActivationSortKey.ACTIVATED_AT: "By the time of activation, “data/hora da ativação”.",
        ActivationSortKey.CLIENT_NAME: "By the client's name, without regard to case and accents.",
    },
)
_describe(
    StockMovementType,
    "What changed the stock.",
    {
        StockMovementType.ORDER_APPROVED: "An approved order added what it bought.",
        StockMovementType.ACTIVATED: "An activation took a license and its additional seats.",
        StockMovementType.RELEASED: "A cancelled activation gave its license and additional seats back.",
    },
)
_describe(
    OrderType,
    "What is ordered, “Tipo”.",
    {
        OrderType.PURCHASE: "Licenses of products, “Compra”.",
        OrderType.ADDITIONAL_SEATS: "More seats for products that the partner has in stock, “Adicional”.",
    },
)
_describe(
    OrderStatus,
    "Where an order stands, “situação”.",
    {
        OrderStatus.PENDING: "It waits for approval, “PEND / Confirmação Pendente”.",
        OrderStatus.COMPLETED: "It is approved, and its licenses are in the stock, “Finalizado”.",
        OrderStatus.CANCELLED: "It was cancelled before it was approved, “Cancelado”.",
    },
)
_describe(
    OrderSortKey,
    "What orders can be sorted by.",
    {
        OrderSortKey.NUMBER: "By number, “Id”.",
        OrderSortKey.CREATED_AT: "By the time of creation.",
    },
)
_describe(
    EventType,
    "The kinds of changes that leave an event.",
    {
        EventType.CLIENT_REGISTERED: "A client was registered.",
        EventType.CLIENT_UPDATED: "What is written of a client was changed.",
        EventType.CLIENT_CANCELLED: "A client was cancelled, “Cancelamento de Cliente”.",
        EventType.LICENSE_ACTIVATED: "A license was activated for a client.",
        EventType.ACTIVATION_CANCELLED: "An activation was cancelled, by itself or with its client.",
        EventType.ACTIVATION_MOVED: "A license was moved; the event names the activation that took over.",
        EventType.ORDER_CREATED: "An order was created, “Confirmar Pedido”.",
        EventType.ORDER_APPROVED: "An order was approved.",
        EventType.ORDER_CANCELLED: "An order was cancelled.",
        EventType.TOKEN_CREATED: "An API token was made.",
        EventType.TOKEN_REVOKED: "An API token was revoked.",
    },
)
_describe(
    UserErrorCode,
    "The kinds of refusals, for programs.",
    {
        UserErrorCode.INVALID_INPUT: "A field of the input is not what it has to be: too long, out of range, empty.",
        UserErrorCode.INVALID_CNPJ: "The CNPJ is wrong in its length, its characters or its check digits.",
        UserErrorCode.NOT_FOUND: "The partner has nothing with that id.",
        UserErrorCode.DUPLICATE_PRODUCT: "A product stands twice in one order.",
        UserErrorCode.PRODUCT_NOT_PRICED: "The partner's price table has no price for that quantity of the product.",
        UserErrorCode.PRODUCT_NOT_IN_STOCK: "Additional seats need a product that the partner has bought before.",
        UserErrorCode.INVALID_CREDENTIALS: "E-mail and password are not those of a user.",
        UserErrorCode.CNPJ_ALREADY_REGISTERED: "An active client of the partner has the CNPJ.",
        UserErrorCode.ACTIVATION_KEY_IN_USE: "The client has an active license of the product with that key.",
        UserErrorCode.CLIENT_CANCELLED: "The client is cancelled.",
        UserErrorCode.ACTIVATION_CANCELLED: "The activation is cancelled already.",
        UserErrorCode.IDEMPOTENCY_CONFLICT: "The idempotency key was used with another input.",
        UserErrorCode.OUT_OF_STOCK: "The partner has no free license of the product.",
        UserErrorCode.OUT_OF_SEATS: "The partner has too few free additional seats of the product.",
        UserErrorCode.ORDER_TRANSITION: "The order's status does not allow the step.",
        UserErrorCode.PRICE_CHANGED: "The order comes to another total than was expected.",
        UserErrorCode.SESSION_REQUIRED: "A person who has signed in does this, and an API token can not.",
        UserErrorCode.API_TOKEN_LIMIT: "The partner has as many API tokens as can work at the same time.",
    },
)
